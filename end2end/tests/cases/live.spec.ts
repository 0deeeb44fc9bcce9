import { expect, go, signIn, somebody, test } from '../../fixtures/portal';
import { port, Server } from '../../fixtures/server';

const own = new Server('live', port + 4);
test.beforeAll(() => own.start());
test.afterAll(() => own.stop());
test.use({ baseURL: own.address });

test('J00 the desk follows again by itself after the server was restarted', async ({ browser, page }) => {
  test.setTimeout(90_000);
  await signIn(page, 'omar@nordlys.example');
  await go(page, '/desk');
  const customer = await somebody(browser, 'emma.clarke@harbourfinch.example');

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
