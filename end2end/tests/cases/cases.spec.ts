import { accessible, expect, go, signedIn, signIn, test } from '../../fixtures/portal';

test('J16 two replies from one page are two replies, a note stays inside', async ({ browser, page }) => {
  await signIn(page, 'emma.clarke@harbourfinch.example');
  await go(page, '/cases/new');
  await page.locator('select[name="form[product]"]').selectOption({ index: 1 });
  const title = `Two replies ${Date.now()}`;
  await page.locator('input[name="form[title]"]').fill(title);
  await page.locator('textarea[name="form[description]"]').fill('The first words.');
  await page.locator('input[name="form[priority]"][value=p3]').check();
  await page.locator('form.form button[type=submit]').first().click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);

  const agent = await signedIn(browser, 'omar@nordlys.example');
  await go(agent, new URL(page.url()).pathname);
  await accessible(agent);
  for (const text of ['We are looking at it.', 'It is the index: an hour more.']) {
    await agent.locator('form.reply textarea').fill(text);
    await agent.locator('form.reply button[type=submit]').click();
    await expect(agent.locator('.stream')).toContainText(text);
    await expect(agent.locator('form.reply textarea'), 'the box is empty again').toHaveValue('');
    await expect(page.locator('.stream')).toContainText(text);
  }
  await agent.locator('.note-box', { hasText: 'note' }).locator('summary').click();
  const note = agent.getByLabel(/Note interne/);
  await note.fill('CANARY: only for the desk');
  await agent.locator('form', { has: note }).locator('button[type=submit]').click();
  await expect(agent.locator('.entry-note')).toContainText('CANARY');
  await page.reload();
  await expect(page.locator('.stream')).toContainText('an hour more');
  await expect(page.locator('body')).not.toContainText('CANARY');
  await agent.context().close();
});
