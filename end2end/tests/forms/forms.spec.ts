// What is typed is never lost, and what is sent is sent once (docs/adr/0003).
import type { Page } from '@playwright/test';
import { expect, go, PASSWORD, signedIn, signIn, test } from '../../fixtures/portal';
import { port, Server } from '../../fixtures/server';

const own = new Server('forms', port + 21);
test.beforeAll(() => own.start());
test.afterAll(() => own.stop());
test.use({ baseURL: own.address });

const CLAIRE = 'claire.fontaine@montclair.example';
const OMAR = 'omar@nordlys.example';

/** Opens a case by the form and returns its address. */
async function openCase(page: Page, title: string): Promise<string> {
  await go(page, '/cases/new');
  await fillCase(page, title);
  await page.locator('form.form button[type=submit]').first().click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  await expect(page.locator('h1')).toHaveText(title);
  return new URL(page.url()).pathname;
}

async function fillCase(page: Page, title: string): Promise<void> {
  await page.locator('select[name="form[product]"]').selectOption({ index: 1 });
  await page.locator('input[name="form[title]"]').fill(title);
  await page.locator('textarea[name="form[description]"]').fill('Une description assez longue.');
  await page.locator('input[name="form[priority]"][value=p3]').check();
}

/** Waits until the browser has stored the draft on the server. */
async function kept(page: Page): Promise<void> {
  await page.waitForResponse((response) => response.url().endsWith('/fn/drafts/keep') && response.ok());
}

async function listed(page: Page, title: string): Promise<number> {
  await go(page, `/cases?search=${encodeURIComponent(title)}`);
  return page.locator('a.row-link', { hasText: title }).count();
}

test('D1 a phone line saved after Change keeps its closed days', async ({ page }) => {
  await signIn(page, 'igor@nordlys.example');
  await go(page, '/settings/phone-lines');
  await page.getByRole('link', { name: /^(Modifier|Change)$/ }).first().click();
  await page.waitForURL(/region=/);
  const days = page.locator('textarea[name="form[holidays]"]');
  await expect(days).not.toHaveValue('');
  const before = await days.inputValue();
  await page.reload();
  await expect(days).toHaveValue(before);
  await go(page, '/settings/phone-lines');
  await page.getByRole('link', { name: /^(Modifier|Change)$/ }).first().click();
  await expect(days).toHaveValue(before);
  await page.locator('form', { has: days }).locator('button[type=submit]').click();
  await expect(page.locator('form', { has: days }).locator('button[type=submit]')).not.toHaveAttribute('aria-busy', 'true');
  await go(page, new URL(page.url()).pathname + new URL(page.url()).search);
  await expect(days).toHaveValue(before);

  // What was saved becomes the form's initial value: the tab keeps no copy that would cover what others save later.
  await days.fill(`${before}\n2026-11-30`);
  await page.locator('form', { has: days }).locator('button[type=submit]').click();
  await expect.poll(() => page.evaluate(() => Object.keys(sessionStorage).filter((name) => name.startsWith('typed ')))).toEqual([]);
  await go(page, new URL(page.url()).pathname + new URL(page.url()).search);
  await expect(days).toHaveValue(/2026-11-30/);
  // A text area that was empty at first keeps what was saved, and saves it again.
  for (const value of ['', '2026-11-30']) {
    await days.fill(value);
    for (let time = 0; time < 2; time += 1) {
      const saved = page.waitForResponse((response) => response.url().endsWith('/fn/calls/save_line') && response.ok());
      await page.locator('form', { has: days }).locator('button[type=submit]').click();
      await saved;
      await expect(page.locator('form', { has: days }).locator('button[type=submit]')).not.toHaveAttribute('aria-busy', 'true');
      await expect(days).toHaveValue(value);
    }
    await go(page, new URL(page.url()).pathname + new URL(page.url()).search);
    await expect(days).toHaveValue(value);
  }
  await days.fill(before);
  await page.locator('form', { has: days }).locator('button[type=submit]').click();
});

test('T12 two clicks before hydration open one case', async ({ page }) => {
  await signIn(page, CLAIRE);
  const title = `Deux clics ${Date.now()}`;
  let release = () => {};
  const held = new Promise<void>((done) => (release = done));
  await page.route(/\.wasm$/, async (route) => {
    await held;
    await route.continue().catch(() => {});
  });
  await page.goto('/cases/new');
  await fillCase(page, title);
  const button = page.locator('form.form button[type=submit]').first();
  await button.scrollIntoViewIfNeeded();
  const box = (await button.boundingBox())!;
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForTimeout(60);
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  // The second click cancels the first navigation: only the final page counts.
  await expect(page).toHaveURL(/\/cases\/[0-9a-f-]{36}/);
  release();
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  expect(await listed(page, title)).toBe(1);
});

test('T01 a reply being written stays when the agent closes the case, and reopens the case when it is sent', async ({ browser, page }) => {
  await signIn(page, CLAIRE);
  const path = await openCase(page, `Clos pendant ${Date.now()}`);
  const reply = page.locator('form.reply textarea');
  await reply.fill('My long answer, half typed');
  const agent = await signedIn(browser, OMAR);
  await go(agent, path);
  await agent.locator('details', { hasText: 'Clore le dossier' }).locator('summary').first().click();
  await agent.locator('form', { has: agent.locator('select[name=reason]') }).locator('button[type=submit]').click();
  await expect(agent.locator('.stream')).toContainText('a clos le dossier');

  await expect(page.locator('form.reply')).toContainText('a été clos pendant que vous écriviez');
  await expect(reply).toHaveValue('My long answer, half typed');
  await page.locator('form.reply').getByRole('button', { name: 'Rouvrir et envoyer' }).click();
  await expect(page.locator('.stream')).toContainText('My long answer, half typed');
  await expect(page.locator('form.reply').getByRole('button', { name: 'Répondre' })).toBeVisible();
  await expect(reply).toHaveValue('');
  await agent.context().close();
});

test('T01 a message being written stays when the chat ends', async ({ browser, page }) => {
  await signIn(page, CLAIRE);
  await go(page, '/chat');
  if (!/\/chat\/[0-9a-f-]{36}/.test(page.url())) {
    await page.locator('textarea[name="form[text]"]').fill('Bonjour');
    await page.locator('main form button[type=submit]').click();
    await page.waitForURL(/\/chat\/[0-9a-f-]{36}/);
  }
  const box = page.locator('.chat-form textarea');
  await box.fill('Half a message');
  const agent = await signedIn(browser, OMAR);
  await go(agent, new URL(page.url()).pathname);
  await agent.locator('.chat-foot summary').click();
  await agent.locator('.chat-foot form button[type=submit]').click();
  await expect(page.locator('.chat-form')).toContainText('s’est terminée pendant que vous écriviez');
  await expect(box).toHaveValue('Half a message');
  await agent.context().close();
});

test('T03 on a slow line every message arrives in order, and what is typed in the meantime stays', async ({ page }) => {
  await signIn(page, 'manon.roussel@montclair.example');
  await go(page, '/chat');
  if (!/\/chat\/[0-9a-f-]{36}/.test(page.url())) {
    await page.locator('textarea[name="form[text]"]').fill('Bonjour');
    await page.locator('main form button[type=submit]').click();
    await page.waitForURL(/\/chat\/[0-9a-f-]{36}/);
  }
  await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
  await page.route('**/fn/chat/send', async (route) => {
    await new Promise((done) => setTimeout(done, 400));
    await route.continue();
  });
  const box = page.locator('.chat-form textarea');
  const texts = ['first', 'second', 'third'].map((word) => `${word} ${Date.now()}`);
  await box.focus();
  for (const text of texts) {
    await page.keyboard.type(text);
    await page.keyboard.press('Enter');
  }
  await page.keyboard.type(' and more typed at once');
  for (const text of texts) await expect(page.locator('.chat-log')).toContainText(text);
  const log = await page.locator('.chat-text').allInnerTexts();
  expect(log.filter((text) => texts.some((sent) => text.includes(sent))).map((text) => text.trim())).toEqual(texts);
  await expect(box).toHaveValue(' and more typed at once');
  await expect(box).toBeFocused();
});

test('J16 T09 what is typed survives reload, language, navigation, back and the end of the session', async ({ page }) => {
  await signIn(page, CLAIRE);
  await go(page, '/cases/new');
  const title = page.locator('input[name="form[title]"]');
  const text = page.locator('textarea[name="form[description]"]');
  const there = async (what: string) => {
    await expect(title, what).toHaveValue('Un titre gardé');
    await expect(text, what).toHaveValue('Ligne 1\n\nLigne 2 & <b>');
    await expect(page.locator('input[name="form[priority]"][value=p2]'), what).toBeChecked();
  };
  await title.fill('Un titre gardé');
  await page.locator('input[name="form[priority]"][value=p2]').check();
  await text.fill('Ligne 1\n\nLigne 2 & <b>');
  await page.reload();
  await there('reload');
  await page.locator('form.language button:visible').click();
  await page.waitForURL(/\/cases\/new/);
  await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
  await there('language');
  await page.locator('form.language button:visible').click();
  await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
  await page.locator('nav a[href="/people"]').first().click();
  await page.waitForURL(/\/people/);
  await page.goBack();
  await there('back');

  await page.context().clearCookies({ name: 'guichet' });
  await page.locator('select[name="form[product]"]').selectOption({ index: 1 });
  await page.locator('form.form button[type=submit]').first().click();
  await page.locator('main').getByRole('link', { name: 'Se connecter' }).click();
  await page.locator('input[name=email]').fill(CLAIRE);
  await page.locator('input[name=password]').fill(PASSWORD);
  await page.locator('main button[type=submit]').click();
  await page.waitForURL(/\/cases\/new/);
  await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
  await there('the session ended');
  await page.locator('form.form button[type=submit]').first().click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  await go(page, '/cases/new');
  await expect(title, 'it was taken').toHaveValue('');
  await expect(text).toHaveValue('');
});

test('T09 a choice alone is kept too', async ({ page }) => {
  await signIn(page, 'manon.roussel@montclair.example');
  await go(page, '/cases/new');
  const waiting = kept(page);
  await page.locator('input[name="form[priority]"][value=p4]').check();
  await waiting;
  await page.evaluate(() => sessionStorage.clear());
  await go(page, '/cases/new');
  await expect(page.locator('input[name="form[priority]"][value=p4]')).toBeChecked();
});

test('T09 a draft is on other devices of its author, also after a restart, and for no other person', async ({ browser }) => {
  const server = new Server('drafts', port + 22);
  await server.start();
  const open = async (email: string) => {
    const context = await browser.newContext({ baseURL: server.address, locale: 'fr-FR' });
    const page = await context.newPage();
    await signIn(page, email);
    return page;
  };
  const page = await open(CLAIRE);
  await go(page, '/cases/new');
  const waiting = kept(page);
  await page.locator('textarea[name="form[description]"]').fill('Un brouillon du bureau');
  await waiting;
  await server.stop();
  await server.start();
  const phone = await open(CLAIRE);
  await go(phone, '/cases');
  await phone.locator('a[href="/cases/new"]').first().click();
  await expect(phone.locator('textarea[name="form[description]"]')).toHaveValue('Un brouillon du bureau');
  await phone.reload();
  await expect(phone.locator('textarea[name="form[description]"]')).toHaveValue('Un brouillon du bureau');
  const other = await open('manon.roussel@montclair.example');
  await go(other, '/cases/new');
  await expect(other.locator('textarea[name="form[description]"]')).toHaveValue('');
  for (const each of [page, phone, other]) await each.context().close();
  await server.stop();
});

test('T34 a tab of one person sends nothing as another person', async ({ page }) => {
  await signIn(page, CLAIRE);
  await go(page, '/cases/new');
  const title = `Écrit par Claire ${Date.now()}`;
  await fillCase(page, title);
  const tab = await page.context().newPage();
  await tab.context().clearCookies({ name: 'guichet' });
  await signIn(tab, 'manon.roussel@montclair.example');
  await page.locator('form.form button[type=submit]').first().click();
  await expect(page.locator('.form-failure')).toContainText('Une autre personne');
  await expect(page.locator('input[name="form[title]"]')).toHaveValue(title);
  await go(tab, '/cases/new');
  await expect(tab.locator('input[name="form[title]"]')).toHaveValue('');
  expect(await listed(tab, title)).toBe(0);
});

test('T10 U13 the focus goes to what is wrong, and to the emptied box', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 700 });
  await signIn(page, CLAIRE);
  await expect(page.locator('h1'), 'the overview after signing in').toBeFocused();
  await go(page, '/cases/new');
  await fillCase(page, 'x'.repeat(229));
  const title = page.locator('input[name="form[title]"]');
  await expect(title, 'B33 nothing is cut').toHaveValue('x'.repeat(229));
  await page.locator('form.form button[type=submit]').first().click();
  await expect(title).toBeFocused();
  await expect(page.locator('.field', { has: title }).locator('.field-error')).toContainText('200 caractères au plus (229)');
  const box = await title.boundingBox();
  const bar = await page.locator('.top-bar').boundingBox();
  expect(box!.y).toBeGreaterThanOrEqual(bar!.y + bar!.height);
  expect(box!.y + box!.height).toBeLessThanOrEqual(700);

  await go(page, '/calls/new');
  await page.locator('input[name="form[phone]"]').fill('12');
  await page.locator('textarea[name="form[topic]"]').fill(' ');
  await page.locator('input[name="form[when]"]').fill('2020-01-01T10:00');
  await page.locator('main form button[type=submit]').first().click();
  const wrong = page.locator('.form-wrong, .field-error:not(:empty)').first();
  await expect(wrong).toBeVisible();
  expect(await page.evaluate(() => document.activeElement?.tagName)).not.toBe('BODY');

  await page.setViewportSize({ width: 1280, height: 900 });
  await openCase(page, `Focus ${Date.now()}`);
  await page.locator('form.reply textarea').fill('Une réponse');
  await page.locator('form.reply').getByRole('button', { name: 'Répondre' }).click();
  await expect(page.locator('.stream')).toContainText('Une réponse');
  await expect(page.locator('form.reply textarea')).toBeFocused();
  await expect(page.locator('form.reply textarea')).toHaveValue('');
});

test('T09 what is typed before the page lives stays, and what the line swallowed too', async ({ page }) => {
  await signIn(page, CLAIRE);
  for (const [path, name] of [['/people/new', 'form[name]'], ['/cases/new', 'form[title]']] as const) {
    let release = () => {};
    const held = new Promise<void>((done) => (release = done));
    await page.route(/\.wasm$/, async (route) => {
      await held;
      await route.continue().catch(() => {});
    });
    await page.goto(path);
    await page.locator(`input[name="${name}"]`).fill('Tapé très tôt');
    release();
    await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
    await expect.poll(() => page.evaluate(() => Object.keys(sessionStorage).some((key) => key.startsWith('typed ')))).toBe(true);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.reload();
    await expect(page.locator(`input[name="${name}"]`), path).toHaveValue('Tapé très tôt');
  }

  // A plain form that is sent while the line is down: the browser shows its own page, and the text is there afterwards.
  await go(page, '/people/new');
  await page.locator('input[name="form[name]"]').fill('Hors Ligne');
  await page.locator('input[name="form[email]"]').fill(`hors.ligne.${Date.now()}@montclair.example`);
  await page.locator('input[name="form[role]"][value=support_user]').check();
  await page.context().setOffline(true);
  await page.locator('form[action="/fn/people/add"] button[type=submit]').click();
  await page.waitForURL(/chrome-error/).catch(() => {});
  await page.context().setOffline(false);
  await go(page, '/people/new');
  await expect(page.locator('input[name="form[name]"]')).toHaveValue('Hors Ligne');
  await page.locator('form[action="/fn/people/add"] button[type=submit]').click();
  await page.waitForURL(/done=added/);
  await expect(page.locator('.done-note')).toBeFocused();
  await go(page, '/people/new');
  await expect(page.locator('input[name="form[name]"]'), 'it was taken').toHaveValue('');
  await openCase(page, `Tapé très tôt ${Date.now()}`);
});

test('T09 Enter in a field sends its form, not a button of the frame', async ({ page }) => {
  await go(page, '/forgot');
  await page.locator('input[name=email]').fill('enter.again@montclair.example');
  await page.locator('input[name=email]').press('Enter');
  await expect(page).toHaveURL(/\/forgot\?sent/);
  await expect(page.locator('html')).toHaveAttribute('lang', 'fr');
  await signIn(page, CLAIRE);
  await go(page, '/cases/new');
  await fillCase(page, `Par Entrée ${Date.now()}`);
  await page.locator('input[name="form[title]"]').press('Enter');
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);
});

test('T01 the button of a reply does not move away from the pointer', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 900 });
  await signIn(page, CLAIRE);
  await openCase(page, `Sous la souris ${Date.now()}`);
  const reply = page.locator('form.reply textarea');
  await reply.fill('Écrit, puis relu plus haut');
  await page.locator('h1').click();
  const box = (await page.locator('form.reply').getByRole('button', { name: 'Répondre' }).boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.up();
  await expect(page.locator('.stream')).toContainText('Écrit, puis relu plus haut');
});

test('T28 the agent of a case is not offered to take it', async ({ browser, page }) => {
  await signIn(page, CLAIRE);
  const path = await openCase(page, `À prendre ${Date.now()}`);
  const agent = await signedIn(browser, OMAR);
  await go(agent, path);
  await agent.getByRole('button', { name: 'Prendre ce dossier' }).click();
  await expect(agent.getByRole('button', { name: 'Prendre ce dossier' })).toHaveCount(0);
  await agent.context().close();
});

test('ASVS 5.2.1 a text that is too large for a form is refused with the reason, and stays', async ({ page }) => {
  await signIn(page, CLAIRE);
  await openCase(page, `Trop long ${Date.now()}`);
  const reply = page.locator('form.reply textarea');
  const text = 'x'.repeat(1_100_000);
  await reply.fill(text);
  await page.locator('form.reply').getByRole('button', { name: 'Répondre' }).click();
  await expect(page.locator('form.reply .field-error').filter({ hasText: '1 Mo au plus' })).toBeVisible();
  await expect(reply).toHaveValue(text);
});
