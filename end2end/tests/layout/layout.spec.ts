// What the browser adds to pages that work without it.
import { expect, go, signedIn, signIn, test } from '../../fixtures/portal';

test('the list of cases loads its own chunk only; the others load when they are opened', async ({ page }) => {
  const loaded: string[] = [];
  page.on('response', (response) => {
    const name = response.url().match(/\/pkg\/(split_\w+?|guichet)\.[^/]*\.wasm$/)?.[1];
    if (name) loaded.push(name);
  });
  await signIn(page, 'claire.fontaine@montclair.example');
  loaded.length = 0;
  await go(page, '/cases');
  expect(loaded).toEqual(['guichet']);

  const title = await page.locator('a.row-link').first().innerText();
  await page.locator('a.row-link').first().click();
  await expect(page.locator('h1'), 'the heading has the focus, for who cannot see the page change').toBeFocused();
  await expect(page.locator('h1')).toHaveText(title);
  await expect(page).toHaveTitle(`${title} · Nordlys`);
  expect(loaded.some((name) => name.startsWith('split_talk'))).toBe(true);
  expect(loaded.some((name) => /split_(company|vendor)/.test(name))).toBe(false);
});

test('a slow page shows that it is loading', async ({ page }) => {
  await signIn(page, 'claire.fontaine@montclair.example');
  await go(page, '/cases');
  let release = () => {};
  const held = new Promise<void>((done) => (release = done));
  await page.route(/\/pkg\/split_talk/, async (route) => {
    await held;
    await route.continue();
  });
  const line = page.locator('.coming');
  await expect(line).toBeEmpty();
  await page.locator('a.row-link').first().click();
  await expect(line).toContainText('Chargement de la page');
  await expect(line).toHaveClass(/coming-now/);
  release();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  await expect(line).not.toHaveClass(/coming-now/);
});

test('a page left open over a release goes on: a chunk that is gone is replaced by a full page load', async ({ browser }) => {
  const page = await signedIn(browser, 'claire.fontaine@montclair.example');
  await go(page, '/cases');
  await page.evaluate(() => Object.assign(window, { same: true }));
  await page.route(/\/pkg\/split_talk/, (route) => route.fulfill({ status: 404 }));
  const title = await page.locator('a.row-link').first().innerText();
  await page.locator('a.row-link').first().click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  await expect(page.locator('h1')).toHaveText(title);
  expect(await page.evaluate(() => 'same' in window), 'a new document').toBe(false);

  // Its chunk is still missing: the page stays as the server rendered it, and does not reload forever.
  await page.evaluate(() => Object.assign(window, { same: true }));
  await expect(page.locator('form.reply textarea')).toBeVisible();
  expect(await page.evaluate(() => 'same' in window)).toBe(true);
  await expect(page.locator('html[data-hydrated]')).toHaveCount(0);

  // The new release has it.
  await page.unrouteAll();
  await page.reload();
  await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
  await page.context().close();
});

test('the account menu closes by Escape, by a click elsewhere and on a new page', async ({ page }) => {
  await signIn(page, 'claire.fontaine@montclair.example');
  await go(page, '/cases');
  const menu = page.locator('.top-actions details.dropdown');
  const button = menu.locator('summary');
  const open = async () => {
    await button.click();
    await expect(menu).toHaveAttribute('open', '');
  };
  await open();
  await page.keyboard.press('Escape');
  await expect(menu).not.toHaveAttribute('open', '');
  await expect(button).toBeFocused();
  await open();
  await page.locator('h1').click();
  await expect(menu).not.toHaveAttribute('open', '');
  await open();
  await menu.locator('a[href="/account"]').click();
  await page.waitForURL(/\/account/);
  await expect(menu).not.toHaveAttribute('open', '');
});

test('the upload of a removed file stops', async ({ page }) => {
  await signIn(page, 'claire.fontaine@montclair.example');
  await go(page, '/cases/new');
  const network = await page.context().newCDPSession(page);
  await network.send('Network.enable');
  await network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 100_000 });
  const stopped = page.waitForEvent('requestfailed', (request) => new URL(request.url()).pathname === '/files');
  await page.locator('input[type=file]').setInputFiles({ name: 'large.log', mimeType: 'text/plain', buffer: Buffer.alloc(5_000_000, 'line\n') });
  await page.locator('.file', { hasText: 'large.log' }).getByRole('button').click();
  await stopped;
  await expect(page.locator('.file')).toHaveCount(0);
});

test('a form waits for its uploads; a removed file is not sent with it', async ({ page }) => {
  await signIn(page, 'claire.fontaine@montclair.example');
  await go(page, '/cases/new');
  const file = (name: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from('lines of a log') });
  let release = () => {};
  const held = new Promise<void>((done) => (release = done));
  await page.route('**/files', async (route) => {
    await held;
    await route.continue();
  });
  const send = page.locator('form.form button[type=submit]').first();
  await page.locator('input[type=file]').setInputFiles([file('kept.log'), file('taken-back.log')]);
  await expect(page.locator('.file')).toHaveCount(2);
  await expect(page.getByText('Vous pourrez envoyer dès que les fichiers seront arrivés.')).toBeVisible();
  await expect(send).toBeDisabled();
  await page.locator('.file', { hasText: 'taken-back.log' }).getByRole('button').click();
  release();
  await expect(page.locator('.file', { hasText: 'kept.log' }).locator('input[name="files[]"]')).toHaveCount(1);
  await expect(send).toBeEnabled();
  await expect(page.locator('input[name="files[]"]')).toHaveCount(1);
});

test('a toast reports a success, stays while the pointer is on it, and goes', async ({ page }) => {
  await signIn(page, 'omar@nordlys.example');
  await go(page, '/desk');
  await page.locator('a.row-link').first().click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  await page.locator('.note-box', { hasText: 'note' }).locator('summary').click();
  const note = page.getByLabel(/Note interne/);
  await note.fill('Seen by the morning shift.');
  await page.locator('form', { has: note }).locator('button[type=submit]').click();
  const toast = page.locator('.toasts .toast-box');
  await expect(toast).toBeVisible();
  await toast.hover();
  // Real time: the timer ids of the mocked clock do not fit in WebAssembly's numbers.
  await page.waitForTimeout(7_000);
  await expect(toast).toBeVisible();
  await page.mouse.move(0, 0);
  await expect(toast).toHaveCount(0);
});
