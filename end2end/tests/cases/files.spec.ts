// Files beside a form: a removed file is not sent, a refused one says why.
import { expect, go, signIn, test } from '../../fixtures/portal';

const file = (name: string, bytes: number, letter = 'x') => ({ name, mimeType: 'text/plain', buffer: Buffer.alloc(bytes, letter) });

test('T02 a file that is removed during its upload is not sent, the one chosen after it is', async ({ page }) => {
  await signIn(page, 'claire.fontaine@montclair.example');
  await go(page, '/cases/new');
  // The first upload is held until the second one has arrived.
  let release = () => {};
  const released = new Promise<void>((done) => (release = done));
  let first: Promise<void> | undefined;
  await page.route('**/files', async (route) => {
    if (first) return route.continue();
    first = released.then(() => route.continue().catch(() => {}));
    await first;
  });
  const input = page.locator('input[type=file]').first();
  const aborted = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/files'));
  await input.setInputFiles(file('SECRET-wrong.txt', 3_000_000));
  await page.getByRole('button', { name: /SECRET-wrong/ }).click();
  await aborted;
  await input.setInputFiles(file('right.txt', 20, 'r'));
  await expect(page.locator('input[name="files[]"]')).toHaveCount(1);
  release();
  await first;
  await expect(page.locator('ul.files li')).toHaveText([/right\.txt/]);
  await page.locator('select[name="form[product]"]').selectOption({ index: 1 });
  await page.locator('input[name="form[title]"]').fill(`Two files ${Date.now()}`);
  await page.locator('textarea[name="form[description]"]').fill('The right one only.');
  await page.locator('input[name="form[priority]"][value=p3]').check();
  await page.locator('form.form button[type=submit]').first().click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  await expect(page.locator('a.file')).toHaveText([/right\.txt/]);
});

test('T02 ten files go one after the other and all arrive', async ({ page }) => {
  await signIn(page, 'claire.fontaine@montclair.example');
  await go(page, '/cases/new');
  const files = Array.from({ length: 10 }, (_, at) => file(`part-${at}.log`, 1_000 + at));
  await page.locator('input[type=file]').first().setInputFiles(files);
  await expect(page.locator('input[name="files[]"]')).toHaveCount(10);
});

test('B30 T25 a refused file says why', async ({ page, context }) => {
  await signIn(page, 'claire.fontaine@montclair.example');
  await go(page, '/cases/new');
  const input = page.locator('input[type=file]').first();
  await input.setInputFiles([file('empty.log', 0), file('run.sh', 10)]);
  await expect(page.locator('.file-refused').filter({ hasText: 'empty.log' })).toContainText('vide');
  await expect(page.locator('.file-refused').filter({ hasText: 'run.sh' })).toContainText('refusé');
  await context.clearCookies();
  await input.setInputFiles(file('later.log', 10));
  const late = page.locator('.file-refused').filter({ hasText: 'later.log' });
  await expect(late).toContainText('Votre session est terminée');
  await expect(late.getByRole('link', { name: 'Se connecter' })).toHaveAttribute('href', /^\/sign-in\?next=/);
});

test('T33 a page that could not be shown reloads when the service is back', async ({ page }) => {
  await signIn(page, 'claire.fontaine@montclair.example');
  await go(page, '/');
  await page.route('**/fn/cases/**', (route) => route.abort());
  await page.locator('a[href="/cases"]').first().click();
  await expect(page.getByText('Le service ne répond pas')).toBeVisible();
  await expect(page.getByText('Ce que vous avez saisi')).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'Réessayer' })).toHaveAttribute('href', '/cases');
  await page.unroute('**/fn/cases/**');
  await expect(page.getByText('Le service ne répond pas')).toHaveCount(0, { timeout: 20_000 });
  await expect(page.locator('table, .rows, .cards').first()).toBeVisible();
});
