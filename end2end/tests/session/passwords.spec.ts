import { expect, go, PASSWORD, signIn, test } from '../../fixtures/portal';
import { letter } from '../../fixtures/server';

const who = 'ingrid.solheim@fjordtextiles.example';
const phrase = 'trois bateaux au port';

test('a forgotten password: a link by mail, a new password, the old one and the link no longer work', async ({ page }) => {
  await go(page, '/forgot');
  await page.locator('input[name=email]').fill(who);
  await page.locator('main button[type=submit]').click();
  await expect(page.getByText(/Si cette adresse a un compte/)).toBeVisible();
  const mail = await letter((mail) => mail.to.includes(who) && /\/reset\//.test(mail.text), 'the link');
  const path = mail.text.match(/\/reset\/\S+/)?.[0] ?? '';

  await go(page, path);
  await page.locator('input[name=password]').fill(phrase);
  await page.locator('input[name=password_again]').fill('something else');
  await page.locator('main button[type=submit]').click();
  await expect(page.locator('.field-error:visible')).not.toHaveCount(0);
  await page.locator('input[name=password]').fill(phrase);
  await page.locator('input[name=password_again]').fill(phrase);
  await page.locator('main button[type=submit]').click();
  await page.waitForURL(/\/sign-in/);
  await expect(page.getByText('Votre mot de passe est changé. Connectez-vous.')).toBeVisible();

  await go(page, path);
  await expect(page.getByText(/Ce lien n’est plus valable/)).toBeVisible();
  await go(page, '/sign-in');
  await page.locator('input[name=email]').fill(who);
  await page.locator('input[name=password]').fill(PASSWORD);
  await page.locator('main button[type=submit]').click();
  await expect(page.locator('.field-error:visible')).not.toHaveCount(0);
  await expect(page.locator('input[name=email]'), 'what was typed is still there').toHaveValue(who);

  // Back to the demo's password, on the account page.
  await signIn(page, who, phrase);
  await go(page, '/account');
  await page.locator('input[name=old_password]').fill(phrase);
  await page.locator('input[name=password]').fill(PASSWORD);
  await page.locator('input[name=password_again]').fill(PASSWORD);
  await page.locator('form[action="/fn/session/change_password"] button[type=submit]').click();
  await page.waitForURL(/done=password/);
  await page.context().clearCookies();
  await signIn(page, who);
});
