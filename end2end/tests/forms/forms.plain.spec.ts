// Forms in a browser without JavaScript: sent once, nothing typed is lost.
import type { Page } from '@playwright/test';
import { expect, signIn, somebody, test } from '../../fixtures/portal';

const CLAIRE = 'claire.fontaine@montclair.example';

async function fillCase(page: Page, title: string): Promise<void> {
  await page.locator('select[name="form[product]"]').selectOption({ index: 1 });
  await page.locator('input[name="form[title]"]').fill(title);
  await page.locator('textarea[name="form[description]"]').fill('Sans script.');
  await page.locator('input[name="form[priority]"][value=p3]').check();
}

/** Presses the button twice, as a hand does. */
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
  expect(await listed(page, title)).toBe(1);
});

test('T11 a double click on adding a person says that it was done, once', async ({ page }) => {
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

test('T01 a reply refused because the case was closed says so and shows what was typed', async ({ browser, page }) => {
  await signIn(page, CLAIRE);
  await page.goto('/cases/new');
  await fillCase(page, `Clos sans script ${Date.now()}`);
  await page.locator('form.form button[type=submit]').first().click();
  await page.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  await page.locator('form.reply textarea').fill('Ma longue réponse\nen deux lignes');
  const agent = await somebody(browser, 'omar@nordlys.example');
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
