import { expect, go, importLines, signIn, test } from '../../fixtures/portal';

const company = { type: 'organisation', id: 'J02', name: 'Règles & Fils', programme: 'spring' };
const contract = { type: 'contract', organisation: 'J02', starts_on: '2020-01-01' };
const contact = { type: 'contact', locale: 'fr' };
const lines = [
  { type: 'product', key: 'legacy-suite', name: 'Legacy Suite' },
  company,
  { ...contract, id: 'J02-A', number: 'N-J02-A', products: ['atlas'] },
  { ...contract, id: 'J02-L', number: 'N-J02-L', products: ['legacy-suite'] },
  { ...contact, contract: 'J02-A', kind: 'deployment', name: 'Dora Deux', email: 'dora@j02.example' },
  { ...contact, contract: 'J02-A', kind: 'deployment', name: 'Bruno Beta', email: 'bruno@j02.example' },
  { ...contact, contract: 'J02-A', kind: 'billing', name: 'Carla Compta', email: 'carla@j02.example' },
  { ...contact, contract: 'J02-L', kind: 'deployment', name: 'Otto Ancien', email: 'otto@j02.example' },
  { type: 'user', id: 'J02-1', organisation: 'J02', name: 'Alix Alpha', email: 'alix@j02.example', admin: true, record: 'console, row 12' },
  { type: 'user', id: 'J02-2', organisation: 'J02', name: 'Dora Deux', email: 'Dora@J02.example', admin: true, record: 'console, row 13' },
];

test('J02 rules A and B choose the admins, with their reasons', async ({ page }) => {
  await signIn(page, 'mia@nordlys.example');
  await importLines(page, 'rules', lines);

  await go(page, '/people?search=R%C3%A8gles');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Règles & Fils');
  const row = (name: string) => page.locator('tbody tr', { hasText: name });
  const admin = 'Administrateur du système d’assistance';

  await expect(row('Alix Alpha'), 'rule A').toContainText(admin);
  await expect(row('Alix Alpha')).toContainText('console, row 12');
  await expect(row('Bruno Beta'), 'rule B').toContainText(admin);
  await expect(row('Bruno Beta')).toContainText('Contact de déploiement du contrat N-J02-A, pour Atlas');

  await expect(row('Dora Deux'), 'both rules are one account').toHaveCount(1);
  await expect(row('Dora Deux')).toContainText('console, row 13');
  await expect(row('Dora Deux')).toContainText('N-J02-A');

  await expect(row('Carla Compta'), 'a billing contact is no member (D7)').toHaveCount(0);
  await expect(row('Otto Ancien'), 'nor is one for a product outside the programme').not.toContainText(admin);
});
