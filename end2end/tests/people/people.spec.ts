import { addPerson, expect, signIn, test } from '../../fixtures/portal';
import { letter, letters } from '../../fixtures/server';

test('J07 every admin of the company is told of a new user, no one elsewhere is (R17)', async ({ page }) => {
  const before = letters().length;
  await signIn(page, 'jules.perrin@valmont.example');
  await addPerson(page, 'Ursule Neuf', 'ursule@j07.example');
  await expect(page.getByText('La personne a été ajoutée.')).toBeVisible();
  await expect(page.locator('tbody tr', { hasText: 'Ursule Neuf' })).toContainText('Invité');

  // M4 to the new user, M5 to both admins: the one who did it, and the deployment contact.
  await letter((mail) => mail.to.includes('ursule@j07.example') && /\/invitation\//.test(mail.text), 'M4 to the user');
  const about = () => letters().slice(before).filter((mail) => mail.text.includes('Ursule Neuf') && !mail.to.includes('ursule@'));
  await expect.poll(() => about().map((mail) => mail.to.match(/[\w.]+@[\w.]+/)?.[0]).sort()).toEqual([
    'elodie.garnier@valmont.example',
    'jules.perrin@valmont.example',
  ]);
});
