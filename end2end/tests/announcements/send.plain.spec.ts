// Sending an announcement without JavaScript: the page shows what would happen, and sending can be stopped (D3).
import { expect, go, signIn, test } from '../../fixtures/portal';

test('D3 a mass mail is shown, confirmed, held and stopped', async ({ page }) => {
  await signIn(page, 'mia@nordlys.example');
  await go(page, '/publish');
  await page.locator('input[name=file_name]').fill('e2e-mail.fr.md');
  await page.locator('textarea[name=source]').fill('---\ntitle: Un envoi\nhide: true\n---\nBonjour à **tous**.\n');
  await page.locator('form.publish button[value=publish]').click();
  await page.locator('.sending form[method=get] button').click();
  await expect(page).toHaveURL(/\/announcements\/e2e-mail\/send\?programme=/);
  await expect(page.locator('.mail-sample strong').first()).toHaveText('tous');
  const form = page.locator('form[action="/fn/announcements/mail_everyone"]');
  const shown = await form.locator('input[name=shown]').inputValue();
  expect(Number(shown)).toBeGreaterThan(0);
  if (Number(shown) > 100) await form.locator('input[name=number]').fill(shown);
  await form.locator('button').click();
  const stop = page.locator('form[action="/fn/announcements/stop_mailing"] button');
  await expect(stop, 'held, and can be stopped').toBeVisible();
  await stop.click();
  await expect(page).toHaveURL(/done=stopped/);
  await expect(stop).toHaveCount(0);
  await expect(form.locator('input[name=shown]'), 'nobody has it').toHaveValue(shown);
});
