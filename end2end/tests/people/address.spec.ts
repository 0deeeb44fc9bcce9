import { PHRASE, accept, addPerson, expect, go, signIn, test } from '../../fixtures/portal';
import { invitationLink, letter } from '../../fixtures/server';

test('D5 a mistyped address is corrected on the page of the person, and its link ends', async ({ browser, page }) => {
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

test('D5 an address in use is proposed, and its owner confirms it with the password', async ({ browser, page }) => {
  await signIn(page, 'jules.perrin@valmont.example');
  await addPerson(page, 'Odette Ancienne', 'odette@d5-ancienne.example');
  const invitation = invitationLink(await letter((mail) => mail.to.includes('odette@d5-ancienne.example'), 'the invitation'));
  const context = await browser.newContext({ locale: 'fr-FR' });
  const odette = await context.newPage();
  await accept(odette, invitation);

  await page.getByRole('link', { name: 'Odette Ancienne' }).click();
  const form = page.locator('form[action$="/correct_address"]');
  await form.locator('input[name=email]').fill('odette@d5-nouvelle.example');
  await form.getByRole('button', { name: 'Proposer l’adresse' }).click();
  await expect(page.getByText('Un message est parti vers la nouvelle adresse.')).toBeVisible();
  await expect(page.locator('main')).toContainText('odette@d5-ancienne.example');
  await expect(page.locator('main'), 'what waits is shown').toContainText('odette@d5-nouvelle.example');

  const proposal = await letter((mail) => mail.to.includes('odette@d5-nouvelle.example'), 'the link');
  await go(odette, proposal.text.match(/\/address\/\S+/)?.[0] ?? '');
  const confirm = odette.locator('form[action$="/confirm_address"]');
  await confirm.locator('input[name=password]').fill('pas celui-là, vraiment');
  await confirm.getByRole('button').click();
  await expect(confirm.locator('input[name=password]')).toHaveAttribute('aria-invalid', 'true');
  await confirm.locator('input[name=password]').fill(PHRASE);
  await confirm.getByRole('button').click();
  await expect(odette.getByText('Votre adresse est changée.')).toBeVisible();
  const told = await letter((mail) => mail.to.includes('odette@d5-ancienne.example') && /a changé/.test(mail.subject), 'the old address is told');
  expect(told.text).toContain('odette@d5-nouvelle.example');

  await context.clearCookies();
  await signIn(odette, 'odette@d5-nouvelle.example', PHRASE);
  await context.close();
});
