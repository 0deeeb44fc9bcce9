// Long lists, long cases and long words in a browser: what is read does not move, what is typed stays, nothing is covered or cut.
import { fill, fits, LONG } from '../../fixtures/many';
import { accessible, alive, expect, go, signIn, test } from '../../fixtures/portal';
import { port, Server } from '../../fixtures/server';

const own = new Server('lists', port + 8);
test.beforeAll(async () => {
  await own.start();
  fill(own);
});
test.afterAll(() => own.stop());
test.use({ baseURL: own.address });

test('T16 earlier entries appear above, new ones below, without moving what is read or touching what is typed', async ({ page, browser }) => {
  await signIn(page, 'omar@nordlys.example');
  await go(page, '/desk?search=longue+histoire');
  await page.locator('.row-link').first().click();
  await page.waitForURL(/\/cases\//);
  const entries = page.locator('.stream > .entry');
  await expect(entries).toHaveCount(50);
  await expect(page.locator('form.reply textarea'), 'the form is in sight').toBeInViewport();

  const top = entries.first();
  const text = (await top.innerText()).split('\n').find((line) => line.startsWith('Message'))!;
  const held = page.locator('.stream > .entry', { hasText: text }).first();
  const before = (await held.boundingBox())!.y;
  await page.getByRole('link', { name: /Messages précédents/ }).click();
  await expect(entries).toHaveCount(100);
  expect(Math.abs((await held.boundingBox())!.y - before), 'the entry stays where it was').toBeLessThan(3);

  await page.locator('form.reply textarea').fill('à moitié écrit');
  await page.locator('form.reply textarea').evaluate((box: HTMLTextAreaElement) => box.setSelectionRange(3, 3));
  const asked: string[] = [];
  page.on('response', async (response) => {
    if (response.url().endsWith('/fn/cases/find')) asked.push(await response.text());
  });
  const other = await (await browser.newContext({ baseURL: own.address, locale: 'fr-FR' })).newPage();
  await signIn(other, 'astrid@nordlys.example');
  await go(other, page.url());
  await other.locator('form.reply textarea').fill('Une réponse toute neuve.');
  await other.locator('form.reply button[type=submit]').click();
  await expect(page.locator('.stream')).toContainText('Une réponse toute neuve.');
  await expect(page.locator('form.reply textarea')).toHaveValue('à moitié écrit');
  expect(await page.locator('form.reply textarea').evaluate((box: HTMLTextAreaElement) => box.selectionStart)).toBe(3);
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  expect(asked[0].length, 'an event brings what is new').toBeLessThan(6_000);
  expect(await entries.count()).toBeGreaterThan(100);
  await other.context().close();
});

const LOW = [{ width: 320, height: 256 }, { width: 667, height: 375 }, { width: 844, height: 390 }];
for (const viewport of LOW) {
  test(`T07 at ${viewport.width}×${viewport.height} no bar covers the page, and the focused element is visible`, async ({ page }) => {
    test.setTimeout(120_000);
    await page.setViewportSize(viewport);
    await signIn(page, 'omar@nordlys.example');
    for (const path of ['/desk', '/people', '/account', '/desk/chats']) {
      await go(page, path);
      const still = await page.evaluate(() =>
        [...document.querySelectorAll('body *')]
          .filter((element) => /fixed|sticky/.test(getComputedStyle(element).position) && element.getBoundingClientRect().height > 0)
          .map((element) => `${element.tagName}.${element.className}`),
      );
      expect(still, path).toEqual([]);
      for (let press = 0; press < 25; press += 1) {
        await page.keyboard.press('Tab');
        const covered = await page.evaluate(() => {
          const element = document.activeElement;
          if (!element || element === document.body) return null;
          const box = element.getBoundingClientRect();
          if (!box.width || !box.height) return null;
          const x = Math.min(Math.max(box.left + box.width / 2, 1), innerWidth - 2);
          const y = Math.min(Math.max(box.top + Math.min(box.height, innerHeight) / 2, 1), innerHeight - 2);
          if (box.bottom <= 0 || box.top >= innerHeight) return `${element.outerHTML.slice(0, 120)} is out of the window`;
          const there = document.elementFromPoint(x, y);
          const own = there && (element.contains(there) || there.contains(element) || there.closest('label')?.contains(element));
          return own ? null : `${element.outerHTML.slice(0, 120)} under ${there?.outerHTML.slice(0, 120)}`;
        });
        expect(covered, path).toBeNull();
      }
    }
  });
}

for (const width of [320, 390, 820, 1024, 1280, 1440]) {
  test(`T24 with a name of 120 letters no page is wider than a window of ${width}`, async ({ page }) => {
    test.setTimeout(120_000);
    await page.setViewportSize({ width, height: 800 });
    await signIn(page, 'omar@nordlys.example');
    await go(page, `/people?search=${LONG}`);
    const company = await page.locator('tbody a.row-link').first().getAttribute('href');
    await go(page, '/desk?search=Wolken');
    const found = await page.locator('a.row-link').first().getAttribute('href');
    for (const path of [`/people?search=${LONG}`, company!, '/desk', '/desk?search=Wolken', found!, '/desk/calls']) {
      await go(page, path);
      expect(await fits(page), path).toEqual([]);
    }
    await page.context().clearCookies();
    await signIn(page, 'mia@nordlys.example');
    for (const path of ['/rollout', '/rollout?search=Wolken', '/people', '/mail', '/ledger', '/announcements', '/imports']) {
      await go(page, path);
      expect(await fits(page), path).toEqual([]);
    }
  });
}

test('T23 a printed case has its number, company, address and text: no bars, no forms, no split entry', async ({ page }) => {
  await signIn(page, 'omar@nordlys.example');
  await go(page, '/desk?search=longue+histoire');
  await page.locator('.row-link').first().click();
  await page.waitForURL(/\/cases\//);
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  for (const gone of ['.top-bar', '.side-nav', 'form.reply', '.case-side .btn', '.to-reply']) await expect(page.locator(gone).first()).toBeHidden();
  for (const button of await page.locator('main button, main summary').all()) await expect(button).toBeHidden();
  await expect(page.locator('.printed')).toContainText(/GUI-\d+ · Grande Maison/);
  await expect(page.locator('.printed')).toContainText(new URL(page.url()).pathname);
  const entry = page.locator('.stream > .entry').first();
  expect(await entry.evaluate((element) => getComputedStyle(element).breakInside)).toBe('avoid');
  expect(await page.locator('body').evaluate((body) => [getComputedStyle(body).color, getComputedStyle(body).backgroundColor])).toEqual(['rgb(0, 0, 0)', 'rgb(255, 255, 255)']);
  await expect(page.locator('.stream-way'), 'entries that are not on the paper are said to be missing').toContainText(/Messages précédents \(\d+\)/);
  // A list is a table, on a sheet of A4 too.
  await page.setViewportSize({ width: 700, height: 1000 });
  await go(page, '/desk');
  await expect(page.locator('.case-rows thead')).toBeVisible();
  for (const gone of ['.filters', '.desk-tabs', '.made-with', '.paging .btn']) await expect(page.locator(gone).first()).toBeHidden();
  await expect(page.locator('.paging-extent')).toBeVisible();
  expect(await page.locator('.case-rows').evaluate((table) => [getComputedStyle(table).display, table.scrollWidth <= innerWidth])).toEqual(['table', true]);
  expect((await page.locator('.case-rows tbody tr').first().boundingBox())!.height, 'a row is a few lines').toBeLessThan(80);
  await page.emulateMedia({ media: 'screen', colorScheme: 'light' });
});

test('vendor-side 9: the board shows companies above the fold and every column at 1280', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await signIn(page, 'mia@nordlys.example');
  await go(page, '/rollout');
  await expect(page.locator('.board-rows tbody tr').first()).toBeInViewport();
  const scroll = await page.locator('.overflow-x-auto').first().evaluate((box) => box.scrollWidth - box.clientWidth);
  expect(scroll, 'nothing behind a sideways scroll').toBeLessThanOrEqual(0);
  const heights = await page.locator('.filters').first().locator('input:not([type=hidden]), select, button').evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().bottom)));
  expect(new Set(heights).size, 'fields and button stand on one line').toBe(1);
  await page.setViewportSize({ width: 1024, height: 768 });
  expect(await fits(page)).toEqual([]);
});

test('B12 the time zone of the browser is noted once and used by the server from then on', async ({ browser }) => {
  const abroad = { baseURL: own.address, locale: 'fr-FR', timezoneId: 'America/New_York' };
  const context = await browser.newContext(abroad);
  const page = await context.newPage();
  const noted = page.waitForResponse((response) => response.url().endsWith('/fn/session/note_zone'));
  await signIn(page, 'igor@nordlys.example');
  expect((await noted).status()).toBe(200);
  await go(page, '/account');
  await expect(page.locator('select[name=zone]')).toHaveValue('America/New_York');
  await expect(page.locator('html')).toHaveAttribute('data-zone', 'America/New_York');
  const plain = await browser.newContext({ ...abroad, timezoneId: 'Europe/Paris', javaScriptEnabled: false, storageState: await context.storageState() });
  const other = await plain.newPage();
  await other.goto('/account');
  await expect(other.locator('.rows time').first()).toContainText(/UTC−[45]|E[DS]T/);
  await plain.close();
  await context.close();
});

test('B31 B32 a chat that is scrolled up does not jump, says how many messages arrived, and is accessible', async ({ page, browser }) => {
  test.setTimeout(90_000);
  await signIn(page, 'claire.fontaine@montclair.example');
  await go(page, '/chat');
  await page.locator('textarea[name="form[text]"]').fill('Bonjour, le rapport de lundi est vide.');
  await page.locator('main form button[type=submit]').click();
  await page.waitForURL(/\/chat\/[0-9a-f-]{36}$/);
  await alive(page);
  const context = await browser.newContext({ baseURL: own.address, locale: 'fr-FR', timezoneId: 'Europe/Paris' });
  const agent = await context.newPage();
  await signIn(agent, 'omar@nordlys.example');
  await go(agent, '/desk/chats');
  await agent.locator('.task form button[type=submit]').first().click();
  await agent.waitForURL(/\/chat\//);
  await alive(agent);
  const say = async (from: typeof page, text: string) => {
    await from.locator('.chat-form textarea').fill(text);
    await from.locator('.chat-form textarea').press('Enter');
    await expect(from.locator('.chat-form textarea')).toHaveValue('');
  };
  for (let n = 0; n < 20; n += 1) await say(agent, `Ligne ${n}`);
  const log = page.locator('.chat-log');
  await expect(log).toContainText('Ligne 19');
  const place = () => log.evaluate((box) => [box.scrollTop, box.scrollHeight - box.clientHeight - box.scrollTop]);
  await expect.poll(async () => (await place())[1], 'at the end one stays at the end').toBeLessThanOrEqual(2);
  await log.evaluate((box) => box.scrollTo(0, 40));
  await page.waitForTimeout(200);
  await say(agent, 'Encore une chose.');
  const unread = page.locator('.chat-unread');
  await expect(unread).toHaveText('1 nouveau message');
  expect((await place())[0], 'what is read does not move').toBe(40);
  await say(agent, 'Et une autre.');
  await expect(unread).toHaveText('2 nouveaux messages');
  await accessible(page);
  await accessible(agent);
  await unread.click();
  await expect(unread).toHaveCount(0);
  expect((await place())[1]).toBeLessThanOrEqual(2);
  await context.close();
});
