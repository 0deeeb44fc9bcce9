import { alive, expect, go, signedIn, signIn, test } from '../../fixtures/portal';
import { port, Server } from '../../fixtures/server';

const own = new Server('live', port + 4);
test.beforeAll(() => own.start());
test.afterAll(() => own.stop());
test.use({ baseURL: own.address });

test('J00 the desk follows the news again after a restart of the server', async ({ browser, page }) => {
  test.setTimeout(90_000);
  await signIn(page, 'omar@nordlys.example');
  await go(page, '/desk');
  const customer = await signedIn(browser, 'emma.clarke@harbourfinch.example');

  await own.stop();
  await expect(page.locator('.live-status p'), 'it says that news do not arrive').toBeVisible({ timeout: 20_000 });
  await own.start();
  await expect(page.locator('.live-status p'), 'and that they do again').toHaveCount(0, { timeout: 40_000 });

  await go(customer, '/cases/new');
  const title = `After the restart ${Date.now()}`;
  await customer.locator('select[name="form[product]"]').selectOption({ index: 1 });
  await customer.locator('input[name="form[title]"]').fill(title);
  await customer.locator('textarea[name="form[description]"]').fill('Does it arrive?');
  await customer.locator('input[name="form[priority]"][value=p3]').check();
  await customer.locator('form.form button[type=submit]').first().click();
  await customer.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  await expect(page.getByRole('link', { name: title }), 'the case arrives without a reload').toBeVisible();
  await customer.context().close();
});

test('B3 a case whose request for news gets no answer asks again, and shows the news', async ({ browser, page }) => {
  test.setTimeout(60_000);
  await signIn(page, 'emma.clarke@harbourfinch.example');
  await go(page, '/cases/new');
  await page.locator('select[name="form[product]"]').selectOption({ index: 1 });
  await page.locator('input[name="form[title]"]').fill(`On a bad line ${Date.now()}`);
  await page.locator('textarea[name="form[description]"]').fill('Does the answer arrive?');
  await page.locator('input[name="form[priority]"][value=p3]').check();
  await page.locator('form.form button[type=submit]').first().click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  await alive(page);
  const agent = await signedIn(browser, 'omar@nordlys.example');
  await go(agent, new URL(page.url()).pathname);
  let refused = 0;
  await page.route('**/fn/cases/find', (route) => {
    refused += 1;
    return refused <= 2 ? route.abort() : route.continue();
  });
  await agent.locator('form.reply textarea').fill('It does.');
  await agent.locator('form.reply button[type=submit]').click();
  await expect(page.locator('.entry-vendor')).toContainText('It does.', { timeout: 20_000 });
  expect(refused, 'the first two questions got no answer').toBeGreaterThan(2);
  await agent.context().close();
});
