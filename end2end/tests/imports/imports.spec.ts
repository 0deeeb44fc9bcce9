import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { accessible, expect, go, signIn, test } from '../../fixtures/portal';
import { letters, root } from '../../fixtures/server';

const samples = join(root, 'docs/samples');
const attached = readdirSync(join(samples, 'files')).map((name) => join(samples, 'files', name));

test('J01 imports are silent: dry run, commit, no mail, a second run changes nothing', async ({ page }) => {
  const before = letters().length;
  await signIn(page, 'mia@nordlys.example');
  await go(page, '/imports');
  await accessible(page);
  await page.locator('input[name=records]').setInputFiles(join(samples, 'import.jsonl'));
  await page.locator('input[name=files]').setInputFiles(attached);
  await page.getByRole('button', { name: 'Envoyer et vérifier' }).click();
  await page.waitForURL(/\/imports\/[0-9a-f-]{36}$/);
  await expect(page.getByText('En attente de décision')).toBeVisible();
  const cases = page.locator('tr', { has: page.getByRole('rowheader', { name: 'Dossier' }) });
  await expect(cases.getByRole('cell').first()).toHaveText('40');
  await accessible(page);
  await page.getByRole('button', { name: /^Importer \d+ enregistrements?$/ }).click();
  await expect(page.getByText('L’import est terminé.')).toBeVisible();
  expect(letters().length, 'no import sends mail').toBe(before);

  await go(page, '/imports');
  await page.locator('input[name=records]').setInputFiles(join(samples, 'import.jsonl'));
  await page.locator('input[name=files]').setInputFiles(attached);
  await page.getByRole('button', { name: 'Envoyer et vérifier' }).click();
  await expect(page.getByText('Tout est déjà là')).toBeVisible();
  await expect(page.getByRole('button', { name: /^Importer/ })).toHaveCount(0);
});

test('J01 a broken file is reported row by row and changes nothing', async ({ page }) => {
  await signIn(page, 'mia@nordlys.example');
  await go(page, '/imports');
  const lines = ['{"type":"organisation","id":"BRK-1","name":"Broken"}', '{"type":"user","id":"1","organisation":"NONE","name":"A","email":"a@b.example"}', '{oops'];
  await page.locator('input[name=records]').setInputFiles({ name: 'broken.jsonl', mimeType: 'application/json', buffer: Buffer.from(lines.join('\n')) });
  await page.getByRole('button', { name: 'Envoyer et vérifier' }).click();
  await expect(page.getByText('Entreprise inconnue : NONE')).toBeVisible();
  await expect(page.getByText('Des enregistrements sont refusés')).toBeVisible();
  await expect(page.getByRole('button', { name: /sans les refusés$/ })).toBeVisible();
  await page.locator('summary', { hasText: 'Retirer cet envoi' }).click();
  await page.getByRole('button', { name: 'Retirer définitivement' }).click();
  await page.waitForURL(/\/imports$/);
});

test('B05 a record with an unreadable phone is accepted, and the page says what is left out', async ({ page }) => {
  await signIn(page, 'mia@nordlys.example');
  await go(page, '/imports');
  const lines = [
    '{"type":"organisation","id":"REM-1","name":"Remarques SARL"}',
    '{"type":"user","id":"REM-U","organisation":"REM-1","name":"Zoé","email":"zoe@remarques.example","phone":"n/a","locale":"de"}',
  ];
  await page.locator('input[name=records]').setInputFiles({ name: 'Export juin.jsonl', mimeType: 'application/json', buffer: Buffer.from(lines.join('\n')) });
  await page.getByRole('button', { name: 'Envoyer et vérifier' }).click();
  await expect(page.getByText('En attente de décision')).toBeVisible();
  await expect(page.getByRole('heading', { level: 1, name: 'Export juin.jsonl' }), 'T29: under its own name').toBeVisible();
  const user = page.getByRole('row', { name: /REM-U/ });
  await expect(user).toContainText('À créer, avec remarques');
  await expect(user).toContainText('n/a');
  await expect(user).toContainText('Valeurs possibles : fr, en.');
  await accessible(page);
  await page.getByRole('button', { name: 'Importer 2 enregistrements' }).click();
  await expect(page.getByText('L’import est terminé.')).toBeVisible();
});

test('T05 with a wrong header in one table, the rest cannot be imported either', async ({ page }) => {
  await signIn(page, 'mia@nordlys.example');
  await go(page, '/imports');
  const file = (name: string, text: string) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });
  await page.locator('input[name=records]').setInputFiles([
    file('Organisations.csv', 'id,name\nHDR-1,En-tête\n'),
    file('users.csv', 'id,organisation,nom,email,email\n1,HDR-1,Zoé,a@hdr.example,\n2,HDR-1,Yan,b@hdr.example,\n'),
  ]);
  await page.getByRole('button', { name: 'Envoyer et vérifier' }).click();
  await expect(page.getByText('rien ne peut être importé, pas même le reste (2 lignes laissées de côté)')).toBeVisible();
  await expect(page.getByText('La colonne « email » figure deux fois (colonnes 4 et 5).')).toBeVisible();
  await expect(page.getByText('Colonnes manquantes : name.')).toBeVisible();
  await expect(page.getByRole('button', { name: /^Importer \d/ })).toHaveCount(0);
  await page.locator('summary', { hasText: 'Retirer cet envoi' }).click();
  await page.getByRole('button', { name: 'Retirer définitivement' }).click();
  await page.waitForURL(/\/imports$/);
});
