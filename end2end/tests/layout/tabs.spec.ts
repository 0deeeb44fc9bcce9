// Many tabs of one browser over HTTP/1.1, where it opens six connections to a host.
import { expect, go, signIn, test } from '../../fixtures/portal';
import { port, Server } from '../../fixtures/server';

const own = new Server('tabs', port + 7);
test.beforeAll(() => own.start());
test.afterAll(() => own.stop());
test.use({ baseURL: own.address });

test('T08 a page loads beside twelve open tabs, six of them chats', async ({ context, page }) => {
  test.setTimeout(120_000);
  let streams = 0;
  await context.route('**/live?after=*', (route) => {
    streams += 1;
    return route.continue();
  });
  await signIn(page, 'claire.fontaine@montclair.example');
  await go(page, '/chat');
  await page.locator('textarea').first().fill('Is anybody there?');
  await page.locator('main form button[type=submit]').first().click();
  await page.waitForURL(/\/chat\/[0-9a-f-]{36}/);
  const chat = new URL(page.url()).pathname;
  const tabs = [];
  for (const path of [...Array(6).fill(chat), '/', '/cases', '/cases', '/cases/new', '/account']) {
    const tab = await context.newPage();
    await go(tab, path);
    tabs.push(tab);
  }
  expect(streams, 'one stream for all of them').toBeLessThanOrEqual(2);
  // With six streams it would wait for a connection until one of the tabs is closed.
  const next = await context.newPage();
  await go(next, '/cases');

  // Every tab hears what one hears: an answer of the desk shows in every chat.
  const agent = await context.browser()!.newContext({ locale: 'fr-FR' });
  const omar = await agent.newPage();
  await signIn(omar, 'omar@nordlys.example');
  await go(omar, chat);
  const take = omar.locator('form[action="/fn/chat/answer"] button, form button').filter({ hasText: /Répondre|Prendre/ }).first();
  if (await take.isVisible()) await take.click();
  const words = `Good morning ${Date.now()}`;
  await omar.locator('textarea').first().fill(words);
  await omar.keyboard.press('Enter');
  for (const tab of tabs.slice(0, 6)) await expect(tab.getByText(words)).toBeVisible();

  // The tab with the stream is closed, and another one takes over.
  await page.close();
  const again = `Still here ${Date.now()}`;
  await omar.locator('textarea').first().fill(again);
  await omar.keyboard.press('Enter');
  for (const tab of tabs.slice(0, 6)) await expect(tab.getByText(again)).toBeVisible({ timeout: 15_000 });
  await agent.close();
});
