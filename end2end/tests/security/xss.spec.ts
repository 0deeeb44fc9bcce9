// What people type is text, on every page and in every title; with the content security policy and without it (S5).
import type { Page } from '@playwright/test';
import { expect, go, signedIn, test } from '../../fixtures/portal';

const VECTORS = [
  '</title><script>window.__hit=1</script>',
  '</title><img src=x onerror="window.__hit=1">',
  '</title><meta http-equiv=refresh content="0;url=/phish">',
  '</title><form id=evil method=post action=/fn/session/sign_out_everywhere><button>Continue</button></form>',
  '</textarea><script>window.__hit=1</script>',
  '</textarea><svg onload="window.__hit=1">',
  '"><script>window.__hit=1</script>',
  "'><svg/onload=window.__hit=1>",
  '<script>window.__hit=1</script>',
  '<img src=x onerror=window.__hit=1>',
  '</script><script>window.__hit=1</script>',
  '<!--<script>window.__hit=1//-->',
  '&lt;script&gt;window.__hit=1&lt;/script&gt;',
  'javascript:window.__hit=1',
  '{{constructor.constructor("window.__hit=1")()}}',
];

async function harmless(page: Page, vector: string, where: string): Promise<void> {
  const found = await page.evaluate(() => ({ hit: '__hit' in window, path: location.pathname, evil: !!document.querySelector('#evil, meta[http-equiv=refresh], img[onerror], svg[onload]') }));
  expect(found, `${vector} in ${where}`).toEqual({ hit: false, path: where, evil: false });
}

for (const bypassCSP of [false, true]) {
  test(`F2 S5 nothing typed becomes markup, content security policy ${bypassCSP ? 'off' : 'on'}`, async ({ browser }) => {
    test.setTimeout(180_000);
    const customer = await signedIn(browser, 'claire.fontaine@montclair.example', { bypassCSP });
    const agent = await signedIn(browser, 'omar@nordlys.example', { bypassCSP });
    for (const vector of VECTORS) {
      await go(customer, '/cases/new');
      await customer.locator('select[name="form[product]"]').selectOption({ index: 1 });
      await customer.locator('input[name="form[title]"]').fill(vector);
      await customer.locator('textarea[name="form[description]"]').fill(vector);
      // A draft shows it too.
      await customer.reload();
      await expect(customer.locator('textarea[name="form[description]"]')).toHaveValue(vector);
      await harmless(customer, vector, '/cases/new');
      await customer.locator('html[data-hydrated]').waitFor({ state: 'attached' });
      await customer.locator('select[name="form[product]"]').selectOption({ index: 1 });
      await customer.locator('input[name="form[priority]"][value=p4]').check();
      await customer.locator('form.form button[type=submit]').first().click();
      await customer.waitForURL(/\/cases\/[0-9a-f-]{36}/);
      const path = new URL(customer.url()).pathname;
      // The title is text after navigation inside the application, and on a page from the server before and after hydration.
      await expect(customer).toHaveTitle(`${vector} · Nordlys`);
      for (const page of [customer, agent]) {
        await page.goto(path);
        await harmless(page, vector, path);
        await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
        await expect(page).toHaveTitle(`${vector} · Nordlys`);
        await expect(page.locator('h1')).toHaveText(vector);
        await harmless(page, vector, path);
      }
    }
    for (const page of [customer, agent]) await page.context().close();
  });
}
