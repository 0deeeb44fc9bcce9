import { expect, go, signedIn, signIn, test } from '../../fixtures/portal';
import { morning, port, Server } from '../../fixtures/server';

const own = new Server('chat', port + 3);
test.beforeAll(() => own.start());
test.afterAll(() => own.stop());
test.use({ baseURL: own.address });

test('J17 chat: one click, both ways live, resumed after a reload, the transcript is the case; outside hours a form', async ({ browser, page }) => {
  const agent = await signedIn(browser, 'omar@nordlys.example');
  await go(agent, '/desk/chats');

  // One click from the overview, and the first words.
  await signIn(page, 'claire.fontaine@montclair.example');
  await page.locator('.door a[href="/chat"]').click();
  await page.locator('textarea[name="form[text]"]').fill('Bonjour, le rapport de lundi est vide.');
  await page.locator('main form button[type=submit]').click();
  await page.waitForURL(/\/chat\/[0-9a-f-]{36}$/);
  await expect(page.locator('.chat-state')).toContainText('En attente');

  // It arrives at the desk without reloading; an agent picks it up.
  await expect(agent.locator('.task')).toContainText('Claire Fontaine');
  await agent.locator('.task form button[type=submit]').click();
  await agent.waitForURL(/\/chat\//);
  await expect(page.locator('.chat-state')).toContainText('Omar Haddad');

  const say = async (from: typeof page, text: string) => {
    await from.locator('.chat-form textarea').fill(text);
    await from.locator('.chat-form textarea').press('Enter');
    await expect(from.locator('.chat-form textarea')).toHaveValue('');
  };
  await say(agent, 'Bonjour Claire, je regarde.');
  await expect(page.locator('.chat-log')).toContainText('Bonjour Claire, je regarde.');
  await say(page, 'Merci !');
  await say(page, 'C’est urgent pour midi.');
  await expect(agent.locator('.chat-log')).toContainText('C’est urgent pour midi.');

  // A reload resumes; the overview leads back to it.
  await page.reload();
  await expect(page.locator('.chat-log')).toContainText('Bonjour Claire, je regarde.');
  await go(page, '/');
  await page.locator('.door a', { hasText: 'Revenir' }).click();
  await expect(page.locator('.chat-log')).toContainText('Merci !');

  // At the end the transcript is the case, in the one history.
  await say(agent, 'C’est réparé.');
  await agent.locator('.chat-foot details.confirm > summary').click();
  await agent.locator('dialog[open] button[type=submit]').click();
  await expect(page.locator('.chat-state')).toContainText(/Terminé/);
  await page.locator('.chat-foot a[href^="/cases/"]').click();
  await page.waitForURL(/\/cases\//);
  for (const text of ['Bonjour, le rapport de lundi est vide.', 'Bonjour Claire, je regarde.', 'C’est urgent pour midi.', 'C’est réparé.']) {
    await expect(page.locator('.stream')).toContainText(text);
  }
  const number = await page.locator('.page-head .quiet').first().textContent();
  await go(page, `/cases?search=${encodeURIComponent('rapport de lundi')}`);
  await expect(page.locator('main table')).toContainText(number!.trim());

  // In the evening the form is offered, with the next opening time.
  own.setClock(morning.replace('09:15', '20:00'));
  await go(page, '/chat');
  await expect(page.locator('main textarea')).toHaveCount(0);
  await expect(page.locator('main time').first()).toHaveAttribute('datetime', /^2026-03-11T08:00/);
  await expect(page.locator('main a[href="/cases/new"]').first()).toBeVisible();
  await expect(page.locator('main a[href="/calls/new"]').first()).toBeVisible();
  await agent.context().close();
});
