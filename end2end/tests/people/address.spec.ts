import { addPerson, expect, go, signIn, test } from '../../fixtures/portal';
import { invitationLink, letter } from '../../fixtures/server';

test('D5 a slip in an address is corrected on the page of the person, and its link ends', async ({ browser, page }) => {
  await signIn(page, 'jules.perrin@valmont.example');
  await addPerson(page, 'Odile Faute', 'odile@d5-faute.example');
  const wrong = invitationLink(await letter((mail) => mail.to.includes('odile@d5-faute.example'), 'the first invitation'));
  await page.getByRole('link', { name: 'Odile Faute' }).click();
  const form = page.locator('form[action$="/correct_address"]');
  await form.locator('input[name=email]').fill('odile@d5-juste.example');
  await form.getByRole('button').click();
  await expect(page.getByText('L’adresse a été corrigée.')).toBeVisible();
  await expect(page.locator('main')).toContainText('odile@d5-juste.example');
  const right = invitationLink(await letter((mail) => mail.to.includes('odile@d5-juste.example'), 'the second invitation'));

  const context = await browser.newContext({ locale: 'fr-FR' });
  const guest = await context.newPage();
  await go(guest, wrong.replace(/^https?:\/\/[^/]+/, ''));
  await expect(guest.getByText('Ce lien n’est plus valable')).toBeVisible();
  await go(guest, right.replace(/^https?:\/\/[^/]+/, ''));
  await expect(guest.locator('input[name=password_again]')).toBeVisible();
  await context.close();
});
