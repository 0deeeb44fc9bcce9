import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { accessible, expect, go, signIn, test } from '../../fixtures/portal';
import { letters, root } from '../../fixtures/server';

const samples = join(root, 'docs/samples');
const attached = readdirSync(join(samples, 'files')).map((name) => join(samples, 'files', name));

test('J01 import silent: dry run, commit, no mail, a second run changes nothing', async ({ page }) => {
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
