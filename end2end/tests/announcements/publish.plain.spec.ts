// Preview and images without JavaScript: the author sees the page before it is published, with what it leaves out, and it
// shows uploaded images.
import { expect, go, signIn, test } from '../../fixtures/portal';

const SOURCE = '---\ntitle: %s\nhide: true\n---\n## Suite\n\nDu **texte**.\n\n<select><option>Europe</select>\n\n<!-- commence\n\navalé\n';
// One pixel.
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

test('B20 a page is seen before it is published, without JavaScript', async ({ page }) => {
  await signIn(page, 'mia@nordlys.example');
  await go(page, '/publish');
  await page.locator('input[name=file_name]').fill('e2e-plain-preview.fr.md');
  await page.locator('textarea[name=source]').fill(SOURCE.replace('%s', 'Un aperçu'));
  await page.locator('form.publish button[value=preview]').click();
  await expect(page).toHaveURL(/\/publish\?at=/);
  await expect(page.locator('.article strong')).toHaveText('texte');
  await expect(page.locator('.remarks li').first()).toContainText(/ligne 9/i);
  await expect(page.locator('.preview'), 'why it would be refused').toContainText('avalé');
  await expect(page.locator('textarea[name=source]'), 'what was typed is there').toHaveValue(/Du \*\*texte\*\*/);
  await expect(page.locator('input[name=file_name]')).toHaveValue('e2e-plain-preview.fr.md');
  const missing = await page.request.get('/announcements/e2e-plain-preview');
  expect(missing.status(), 'nothing is published').toBe(404);
  await page.locator('textarea[name=source]').fill('---\ntitle: Un aperçu\nhide: true\n---\nDu texte.\n');
  await page.locator('form.publish button[value=publish]').click();
  await expect(page).toHaveURL(/\/announcements\/e2e-plain-preview\?language=fr/);
  await go(page, '/publish');
  await expect(page.locator('.preview'), 'what was published is forgotten').toHaveCount(0);
});

test('an image is uploaded and shown, without JavaScript', async ({ page }) => {
  await signIn(page, 'mia@nordlys.example');
  await go(page, '/publish');
  await page.locator('#f-images').setInputFiles({ name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('no image') });
  await page.locator('form[action="/publish/images"] button').click();
  await expect(page.locator('#f-images-error')).toContainText('PNG');
  await page.locator('#f-images').setInputFiles({ name: 'carte.png', mimeType: 'image/png', buffer: PNG });
  await page.locator('form[action="/publish/images"] button').click();
  const row = page.locator('#images li', { hasText: 'carte.png' }).first();
  const markdown = await row.locator('code').innerText();
  expect(markdown).toMatch(/^!\[.+\]\(\/files\/[0-9a-f-]{36}\)$/);
  await page.locator('input[name=file_name]').fill('e2e-plain-image.fr.md');
  await page.locator('textarea[name=source]').fill(`---\ntitle: Une image\nhide: true\n---\n${markdown}\n`);
  await page.locator('form.publish button[value=publish]').click();
  await expect(page).toHaveURL(/\/announcements\/e2e-plain-image/);
  const image = page.locator('.article img');
  await expect(image).toBeVisible();
  await expect.poll(() => image.evaluate((image: HTMLImageElement) => image.naturalWidth), 'the browser shows it').toBe(1);
});
