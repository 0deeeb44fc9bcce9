import { expect, go, signIn, test } from '../../fixtures/portal';

test('J14 history: a case of 2018 by its old number, with its authors, dates and files, and nothing to edit', async ({ page }) => {
  await signIn(page, 'claire.fontaine@montclair.example');
  await go(page, '/cases');
  await page.locator('input[name=search]').fill('E-001870100');
  await page.locator('form.filters button[type=submit]').click();
  await expect(page.locator('.row-link')).toHaveCount(1);
  await page.locator('.row-link').click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}$/);
  const there = page.url();

  await expect(page.getByText('Ancien numéro E-001870100 (Extranet)')).toBeVisible();
  const entries = page.locator('.stream > .entry');
  await expect(entries).toHaveCount(3);
  await expect(entries.nth(0)).toContainText('Inès Carpentier');
  await expect(entries.nth(0).locator('time')).toHaveAttribute('datetime', /^2018-01-04T09:24/);
  await expect(entries.nth(1)).toContainText('Omar Haddad');
  await expect(entries.nth(2).locator('time')).toHaveAttribute('datetime', /^2018-01-06/);

  const file = entries.nth(0).locator('a.file');
  await expect(file).toContainText('journal.txt');
  const answer = await page.request.get((await file.getAttribute('href'))!);
  expect(answer.headers()['content-disposition']).toContain('attachment');
  expect(await answer.text()).toContain('sales_by_team');

  // Read only: no box to write in, no way to open it again, in the page or around it.
  await expect(page.locator('main textarea')).toHaveCount(0);
  await expect(page.locator('main form')).toHaveCount(0);
  const id = there.split('/').pop()!;
  for (const path of ['/fn/cases/reply', '/fn/cases/reopen']) {
    const refused = await page.request.post(path, { form: { id, text: 'x' }, headers: { accept: 'application/json', 'sec-fetch-site': 'same-origin' } });
    expect(refused.status(), path).toBe(409);
  }

  // The address of the old system leads here (K21), for people with access.
  for (const old of ['/legacy/E-001870100', '/legacy/EX-00']) {
    await page.goto(old);
    expect(page.url()).toBe(there);
  }
  const stranger = await page.context().browser()!.newContext({ baseURL: new URL(there).origin });
  const other = await stranger.newPage();
  await signIn(other, 'emma.clarke@harbourfinch.example');
  expect((await other.request.get('/legacy/E-001870100')).status()).toBe(404);
  await stranger.close();
});
