import { expect, go, signIn, test } from '../../fixtures/portal';

test('D2 a launched company is set back only in a dialog that says what closes and asks for its name', async ({ page }) => {
  await signIn(page, 'mia@nordlys.example');
  await go(page, '/rollout?search=Montclair');
  await page.getByRole('link', { name: 'Librairie Montclair' }).first().click();
  await expect(page.getByRole('heading', { name: 'Librairie Montclair' })).toBeVisible();
  await expect(page.locator('form[action$="/move_phase"]'), 'no step follows the launch').toHaveCount(0);

  await page.locator('summary', { hasText: 'Revenir en arrière' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Se ferme tout de suite pour');
  await expect(dialog.locator('select[name=to]'), 'nothing is chosen before').toHaveValue('');
  await dialog.locator('select[name=to]').selectOption('setup');
  await dialog.locator('input[name=reason]').fill('D2');
  await dialog.locator('input[name=name]').fill('Montclair');
  await dialog.getByRole('button', { name: 'Oui, revenir en arrière' }).click();
  await expect(dialog).toContainText('Ce n’est pas le nom de l’entreprise');
  await page.reload();
  await expect(page.locator('form[action$="/move_phase"]'), 'still launched').toHaveCount(0);
});
