import { expect, go, signedIn, signIn, test } from '../../fixtures/portal';

test('J18 J19 calls: the region’s number, a call-back on the desk, its outcome in the case', async ({ browser, page }) => {
  const agent = await signedIn(browser, 'astrid@nordlys.example');
  await go(agent, '/desk/calls');
  await signIn(page, 'claire.fontaine@montclair.example');

  // The overview shows the region's number with language and hours.
  const phone = page.locator('.door').nth(2);
  await expect(phone).toContainText('+33 1 84 80 00 00');
  await expect(phone).toContainText('français');
  await phone.locator('a[href="/calls/new"]').click();
  const topic = `Facture de mars ${Date.now()}`;
  await page.locator('input[name="form[phone]"]').fill('+33 1 23 45 67 89');
  await page.locator('textarea[name="form[topic]"]').fill(topic);
  await page.locator('main form button[type=submit]').first().click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  const there = page.url();

  // It appears on the desk without reloading; a second one for the same case is refused while it is open.
  const task = agent.locator('.task', { hasText: topic });
  await expect(task).toContainText('+33');
  const id = there.match(/[0-9a-f-]{36}/)![0];
  const viewer = await page.request.post('/fn/session/viewer', { headers: { 'sec-fetch-site': 'same-origin' } });
  const organisation = (await viewer.json()).actor.memberships[0].organisation as string;
  const again = await page.request.post('/fn/calls/request', {
    form: { 'form[organisation]': organisation, 'form[case]': id, 'form[phone]': '+33123456789', 'form[topic]': 'encore' },
    headers: { accept: 'application/json', 'sec-fetch-site': 'same-origin' },
  });
  expect(again.status()).toBe(409);

  // The agent logs the outcome: it is in the case, and the task is gone.
  await task.locator('summary').click();
  await task.locator('input[value=reached]').check();
  await task.locator('textarea').fill('Avoir envoyé, tout est clair.');
  await task.locator('button[type=submit]').click();
  await expect(task).toHaveCount(0);
  await expect(page.locator('.stream')).toContainText('Avoir envoyé, tout est clair.');
  await agent.context().close();
});
