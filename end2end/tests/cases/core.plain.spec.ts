// The core tasks in a browser without JavaScript: real forms, errors beside their fields, nothing typed is lost.
import { accept, addPerson, expect, go, signedIn, signIn, test } from '../../fixtures/portal';
import { invitationLink, letter } from '../../fixtures/server';

test('J30 without JavaScript a case is opened, given a file, answered, closed and found', async ({ browser, page }) => {
  await signIn(page, 'claire.fontaine@montclair.example');
  await page.locator('.door a[href="/cases/new"]').first().click();

  // A refused form says what is wrong and keeps what was typed and chosen.
  const title = `Sans script ${Date.now()}`;
  await page.locator('select[name="form[product]"]').selectOption({ index: 1 });
  await page.locator('input[name="form[title]"]').fill(title);
  await page.locator('textarea[name="form[description]"]').fill('   ');
  await page.locator('input[name="form[priority]"][value=p2]').check();
  await page.locator('form.form button[type=submit]').first().click();
  await expect(page.locator('.field-error', { hasText: /\S/ }).first()).toBeVisible();
  await expect(page.locator('input[name="form[title]"]')).toHaveValue(title);
  await expect(page.locator('input[name="form[priority]"][value=p2]')).toBeChecked();
  await page.locator('textarea[name="form[description]"]').fill('Tout va bien sans script.');
  await page.locator('form.form button[type=submit]').first().click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);

  // What was sent is not offered again in the next form.
  await page.goto('/cases/new');
  await expect(page.locator('input[name="form[title]"]')).toHaveValue('');
  await page.goBack();

  await page.locator('#plain-file').setInputFiles({ name: 'journal.txt', mimeType: 'text/plain', buffer: Buffer.from('ligne 1') });
  await page.locator('form[action^="/files"] button[type=submit]').click();
  await expect(page.locator('.file', { hasText: 'journal.txt' })).toBeVisible();
  await page.locator('#plain-file').setInputFiles({ name: 'setup.exe', mimeType: 'text/plain', buffer: Buffer.from('MZ\x90\x00') });
  await page.locator('form[action^="/files"] button[type=submit]').click();
  await expect(page.getByText('Ce type de fichier est refusé')).toBeVisible();

  await page.locator('form.reply textarea').fill('Une précision.');
  await page.locator('form.reply button[type=submit]').click();
  await expect(page.locator('.stream')).toContainText('Une précision.');

  await page.locator('details', { hasText: 'Clore le dossier' }).locator('summary').first().click();
  await page.locator('select[name=reason]').selectOption('confirmed');
  await page.locator('form', { has: page.locator('select[name=reason]') }).locator('button[type=submit]').click();
  await expect(page.locator('.stream')).toContainText('a clos le dossier');

  await go(page, '/cases');
  await page.locator('input[name=search]').fill(title);
  await page.locator('form.filters button[type=submit]').click();
  await expect(page.locator('.row-link')).toHaveText(title);

  // An agent without JavaScript reads it in the desk.
  const agent = await signedIn(browser, 'omar@nordlys.example');
  await go(agent, '/desk?search=' + encodeURIComponent(title));
  await expect(agent.locator('.row-link')).toHaveText(title);
  await agent.context().close();
});

test('J30 without JavaScript an admin invites, gives a role, removes; the invited person signs in', async ({ browser, page }) => {
  await signIn(page, 'claire.fontaine@montclair.example');
  await addPerson(page, 'Paulin Sansscript', 'paulin@plain.example');
  await expect(page.locator('tbody tr', { hasText: 'Paulin Sansscript' })).toContainText('Invité');
  const mail = await letter((mail) => mail.to.includes('paulin@plain.example'), 'the invitation');
  const context = await browser.newContext();
  const guest = await context.newPage();
  await accept(guest, invitationLink(mail));
  await expect(guest.locator('h1')).toContainText('Paulin');

  await page.getByRole('link', { name: 'Paulin Sansscript' }).click();
  const form = page.locator('form[action="/fn/people/grant_role"]');
  await form.locator('input[name="form[role]"][value=support_system_admin]').check();
  await form.locator('button[type=submit]').click();
  await page.waitForURL(/done=role/);
  await expect(page.locator('main')).toContainText('Administrateur du système d’assistance');

  await go(page, '/people');
  await page.getByRole('link', { name: 'Paulin Sansscript' }).click();
  const remove = page.locator('form[action="/fn/people/remove"]');
  await page.locator('details', { has: remove }).locator('summary').first().click();
  await remove.locator('button[type=submit]').click();
  await page.waitForURL(/done=removed/);
  await guest.goto('/');
  expect(new URL(guest.url()).pathname, 'the session ended at once').toBe('/sign-in');
  await context.close();
});

test('J30 without JavaScript a chat is started and a call-back requested', async ({ page }) => {
  await signIn(page, 'manon.roussel@montclair.example');
  await page.locator('.door a[href="/chat"]').click();
  await page.locator('textarea[name="form[text]"]').fill('Je n’ai pas de script.');
  await page.locator('main form button[type=submit]').click();
  await page.waitForURL(/\/chat\/[0-9a-f-]{36}/);
  await page.locator('.chat-form textarea').fill('Encore un mot.');
  await page.locator('.chat-form button[type=submit]').click();
  await expect(page.locator('.chat-log')).toContainText('Encore un mot.');

  await go(page, '/calls/new');
  await page.locator('input[name="form[phone]"]').fill('+33 1 23 45 67 89');
  await page.locator('textarea[name="form[topic]"]').fill('Rappel sans script');
  await page.locator('main form button[type=submit]').first().click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  await expect(page.locator('.stream')).toContainText('Rappel sans script');
});
