import { expect, go, signIn, test } from '../../fixtures/portal';

test('J01 importing without JavaScript: upload, read, refresh, commit', async ({ page }) => {
  await signIn(page, 'mia@nordlys.example');
  await go(page, '/imports');
  const line = `{"type":"organisation","id":"PLAIN-1","name":"Plain & Sons"}`;
  await page.locator('input[name=records]').setInputFiles({ name: 'plain.jsonl', mimeType: 'application/json', buffer: Buffer.from(line) });
  await page.getByRole('button', { name: 'Envoyer et vérifier' }).click();
  await page.waitForURL(/\/imports\/[0-9a-f-]{36}$/);
  await expect(async () => {
    await page.reload();
    await expect(page.getByText('En attente de décision')).toBeVisible({ timeout: 500 });
  }).toPass();
  await page.getByRole('button', { name: 'Importer 1 enregistrement' }).click();
  await expect(async () => {
    await page.reload();
    await expect(page.getByText('L’import est terminé.')).toBeVisible({ timeout: 500 });
  }).toPass();
});
