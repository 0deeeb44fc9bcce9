// Forms in a browser without JavaScript: sent once, nothing typed is lost.
import type { Page } from '@playwright/test';
import { expect, signedIn, signIn, test } from '../../fixtures/portal';

const CLAIRE = 'claire.fontaine@montclair.example';

async function fillCase(page: Page, title: string): Promise<void> {
  await page.locator('select[name="form[product]"]').selectOption({ index: 1 });
  await page.locator('input[name="form[title]"]').fill(title);
  await page.locator('textarea[name="form[description]"]').fill('Sans script.');
  await page.locator('input[name="form[priority]"][value=p3]').check();
}

/** Presses the button twice, as a person does. */
async function pressTwice(page: Page, button: string, pause: number): Promise<void> {
  const box = await page.locator(button).first().boundingBox();
  const at = [box!.x + box!.width / 2, box!.y + box!.height / 2] as const;
  await page.mouse.click(...at);
  await page.waitForTimeout(pause);
  await page.mouse.click(...at).catch(() => {});
}

async function listed(page: Page, title: string): Promise<number> {
  await page.goto(`/cases?search=${encodeURIComponent(title)}`);
  return page.locator('a.row-link', { hasText: title }).count();
}

test('B36 a double click opens one case, and so does back and send again', async ({ page }) => {
  await signIn(page, CLAIRE);
  for (const pause of [5, 30, 60, 120]) {
    const title = `Double ${pause} ${Date.now()}`;
    await page.goto('/cases/new');
    await fillCase(page, title);
    await page.locator('form.form button[type=submit]').first().scrollIntoViewIfNeeded();
    await pressTwice(page, 'form.form button[type=submit]', pause);
    await expect(page).toHaveURL(/\/cases\/[0-9a-f-]{36}/);
    expect(await listed(page, title), `${pause} ms`).toBe(1);
  }
  const title = `Retour ${Date.now()}`;
  await page.goto('/cases/new');
  await fillCase(page, title);
  await page.locator('form.form button[type=submit]').first().click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  const first = new URL(page.url()).pathname;
  await page.goBack();
  await fillCase(page, title);
  await page.locator('form.form button[type=submit]').first().click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  expect(new URL(page.url()).pathname).toBe(first);
  await expect(page.locator('main'), 'the page says so').toContainText('Rien n’a été envoyé une seconde fois');
  await page.reload();
  await expect(page.locator('main'), 'once').not.toContainText('Rien n’a été envoyé une seconde fois');
  expect(await listed(page, title)).toBe(1);
});

test('T11 a double click on adding a person reports success, once', async ({ page }) => {
  await signIn(page, CLAIRE);
  await page.goto('/people/new');
  await page.locator('input[name="form[name]"]').fill('Deux Fois');
  await page.locator('input[name="form[email]"]').fill(`deux.${Date.now()}@plain.example`);
  await page.locator('input[name="form[role]"][value=support_user]').check();
  const button = 'form[action="/fn/people/add"] button[type=submit]';
  await page.locator(button).scrollIntoViewIfNeeded();
  await pressTwice(page, button, 60);
  await expect(page).toHaveURL(/done=added/);
  await expect(page.locator('main')).toContainText('La personne a été ajoutée');
  await page.reload();
  await expect(page.locator('main'), 'T30').not.toContainText('La personne a été ajoutée');
});

test('T01 a reply refused because the case is closed says so and shows what was typed', async ({ browser, page }) => {
  await signIn(page, CLAIRE);
  await page.goto('/cases/new');
  await fillCase(page, `Clos sans script ${Date.now()}`);
  await page.locator('form.form button[type=submit]').first().click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  await page.locator('form.reply textarea').fill('Ma longue réponse\nen deux lignes');
  const agent = await signedIn(browser, 'omar@nordlys.example');
  await agent.goto(new URL(page.url()).pathname);
  await agent.locator('details', { hasText: 'Clore le dossier' }).locator('summary').first().click();
  await agent.locator('form', { has: agent.locator('select[name=reason]') }).locator('button[type=submit]').click();
  await expect(agent.locator('.stream')).toContainText('a clos le dossier');
  await page.locator('form.reply button[type=submit]').click();
  await expect(page.locator('.refused')).toContainText('clos');
  await expect(page.locator('.refused textarea').first()).toHaveValue('Ma longue réponse\nen deux lignes');
  await agent.context().close();
});

test('B33 a title of 229 letters is counted, not cut', async ({ page }) => {
  await signIn(page, CLAIRE);
  await page.goto('/cases/new');
  await fillCase(page, 'y'.repeat(229));
  await page.locator('form.form button[type=submit]').first().click();
  await expect(page.locator('input[name="form[title]"]')).toHaveValue('y'.repeat(229));
  await expect(page.locator('.field-error', { hasText: '(229)' })).toBeVisible();
  await expect(page.locator('input[name="form[title]"]')).toBeFocused();
});

test('B36 a chat message that is sent again from the page before is written once', async ({ page }) => {
  await signIn(page, CLAIRE);
  await page.goto('/chat');
  if (!/\/chat\/[0-9a-f-]{36}/.test(page.url())) {
    await page.locator('textarea[name="form[text]"]').fill('Bonjour');
    await page.locator('main form button[type=submit]').first().click();
    await page.waitForURL(/\/chat\/[0-9a-f-]{36}/);
  }
  const path = new URL(page.url()).pathname;
  const text = `Une seule fois ${Date.now()}`;
  const said = page.locator('.chat-text', { hasText: text });
  for (let time = 0; time < 2; time += 1) {
    await page.locator('.chat-form textarea').fill(text);
    await page.locator('.chat-form button[type=submit]').click();
    await expect(said).toHaveCount(1);
    await page.goBack();
    await page.goto(path);
  }
  await expect(said).toHaveCount(1);
  await page.locator('.chat-foot summary').click();
  await page.locator('.chat-foot form button[type=submit]').click();
});

test('T09 without scripts Enter in a field sends its form, not a button of the frame', async ({ page }) => {
  await page.goto('/forgot');
  await page.locator('input[name=email]').fill('enter@montclair.example');
  await page.locator('input[name=email]').press('Enter');
  await expect(page).toHaveURL(/\/forgot\?sent/);
  await expect(page.locator('html')).toHaveAttribute('lang', 'fr');
});

test('T09 without scripts the language, the draft button and signing out keep what is typed', async ({ page }) => {
  await signIn(page, CLAIRE);
  await expect(page.locator('h1'), 'T10 the overview after signing in').toBeFocused();
  const title = page.locator('input[name="form[title]"]');
  const text = page.locator('textarea[name="form[description]"]');
  const there = async (what: string) => {
    await expect(title, what).toHaveValue('Un titre en route');
    await expect(text, what).toHaveValue('Sans script.');
    await expect(page.locator('input[name="form[priority]"][value=p3]'), what).toBeChecked();
  };
  await page.goto('/cases/new');
  await fillCase(page, 'Un titre en route');
  await page.locator('form.language button:visible').click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await there('language');
  await page.locator('form.language button:visible').click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'fr');
  await there('language, and back');

  await text.fill('Deux mots de plus');
  await page.locator('input[type=submit][formaction="/fn/drafts/save"]').click();
  await expect(page.locator('.done-note')).toBeFocused();
  await expect(page.locator('.done-note')).toContainText('gardée comme brouillon');
  await page.goto('/cases');
  await page.goto('/cases/new');
  await expect(text).toHaveValue('Deux mots de plus');

  await text.fill('Sans script.');
  await page.locator('.top-actions details summary').click();
  await page.locator('form[action="/fn/session/sign_out"] button:visible').click();
  await page.waitForURL(/\/sign-in/);
  await signIn(page, CLAIRE);
  await page.goto('/cases/new');
  await there('signing out');

  // A page that is for no form: the button of the frame's own form.
  await page.goto('/cases');
  await page.locator('form.language button:visible').click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await page.locator('form.language button:visible').click();
  await page.goto('/people/new');
  await page.locator('input[name="form[name]"]').fill('Zoé à Moitié');
  await page.locator('form.language button:visible').click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(page.locator('input[name="form[name]"]')).toHaveValue('Zoé à Moitié');
  await page.locator('form.language button:visible').click();

  // Sent, it is no draft any more.
  await page.goto('/cases/new');
  await page.locator('form.form button[type=submit]').first().click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  await page.goto('/cases/new');
  await expect(title).toHaveValue('');
});
