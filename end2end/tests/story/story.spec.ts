// The main job, from an import to an answered case, with mail over SMTP; on a desktop in French and on a phone in English.
import type { Browser, Page } from '@playwright/test';
import { resolve } from 'node:path';
import { accept, addPerson, expect, go, signIn, test, watch } from '../../fixtures/portal';
import { invitationLink, letter, letters, root } from '../../fixtures/server';

const sample = resolve(root, 'docs/samples');

interface Cast {
  company: string;
  admin: { name: string; email: string };
  user: { name: string; email: string };
  oldNumber: string;
}

const CAST: Record<string, Cast> = {
  desktop: {
    company: 'Brasserie du Nord',
    admin: { name: 'Claire Martin', email: 'claire.martin@brasserie.example' },
    user: { name: 'Zoé Durand', email: 'zoe.durand@brasserie.example' },
    oldNumber: 'E-001874001',
  },
  phone: {
    company: 'Harbour Logistics',
    admin: { name: 'James Wright', email: 'james.wright@harbour.example' },
    user: { name: 'Olive Reed', email: 'olive.reed@harbour.example' },
    oldNumber: 'E-001874002',
  },
};

async function window(browser: Browser, project: string, problems: string[]): Promise<Page> {
  const phone = project === 'phone';
  const context = await browser.newContext({
    locale: phone ? 'en-GB' : 'fr-FR',
    timezoneId: 'Europe/Paris',
    ...(phone ? { viewport: { width: 412, height: 839 }, isMobile: true, hasTouch: true } : {}),
  });
  const page = await context.newPage();
  const own = watch(page);
  page.on('close', () => problems.push(...own));
  return page;
}

async function move(page: Page, company: string, phase: string): Promise<void> {
  await go(page, `/rollout?search=${encodeURIComponent(company)}`);
  await page.getByRole('link', { name: company }).first().click();
  const form = page.locator('form[action$="/move_phase"]');
  await form.locator('select[name=to]').selectOption(phase);
  await form.locator('input[name=reason]').fill('J00');
  await form.locator('button[type=submit]').click();
  // Only what is still ahead can be chosen.
  await expect(form.locator(`option[value=${phase}]`)).toHaveCount(0);
}

test('J00 main job', async ({ browser, page }, info) => {
  test.setTimeout(180_000);
  const cast = CAST[info.project.name];
  const problems: string[] = [];

  // The programme manager imports; no one is told.
  await signIn(page, 'mia@nordlys.example');
  const before = letters().length;
  await go(page, '/imports');
  await page.locator('input[name=records]').setInputFiles(`${sample}/import.jsonl`);
  await page.locator('input[name=files]').setInputFiles(`${sample}/files/erreur.txt`);
  await page.locator('form[action="/imports/upload"] button[type=submit]').click();
  await page.waitForURL(/\/imports\/[0-9a-f-]{36}/);
  const commit = page.locator('form[action*="commit"] button[type=submit]');
  // Another test, or the run on the other screen, may have imported the same file already: then there is nothing to commit.
  await expect(page.locator('main table').first()).toBeVisible();
  if (await commit.count()) {
    await commit.click();
    await expect(commit).toHaveCount(0, { timeout: 60_000 });
  }
  expect(letters().length, 'an import sends no mail').toBe(before);

  // Both companies join the programme; the first of them starts.
  await go(page, '/rollout');
  const enrol = page.locator('details:has(form[action*="enrol"])');
  if (await enrol.count()) {
    await enrol.locator('summary').click();
    const box = enrol.locator('label', { hasText: cast.company }).locator('input');
    if (await box.count()) {
      await box.check();
      await enrol.locator('button[type=submit]').click();
      await expect(page.getByRole('link', { name: cast.company }).first()).toBeVisible();
    }
  }
  await move(page, cast.company, 'setup');

  // The admin signs in by the link in the mail, sees the timeline, adds a colleague.
  const admin = await window(browser, info.project.name, problems);
  const invited = await letter((mail) => mail.to.includes(cast.admin.email) && /invitation\//.test(mail.text), 'the invitation of the admin');
  await accept(admin, invitationLink(invited));
  await go(admin, '/timeline');
  await expect(admin.locator('main')).toContainText(cast.company);
  await addPerson(admin, cast.user.name, cast.user.email);
  await letter((mail) => mail.to.includes(cast.admin.email) && mail.text.includes(cast.user.name), 'R17: every admin hears of the new user');

  // The colleague signs in: cases open at launch, on the page and in the server function.
  const user = await window(browser, info.project.name, problems);
  const welcome = await letter((mail) => mail.to.includes(cast.user.email), 'the invitation of the user');
  await accept(user, invitationLink(welcome));
  await go(user, '/cases/new');
  await expect(user.locator('main time')).toBeVisible();
  await expect(user.locator('textarea')).toHaveCount(0);
  const organisation = await user.evaluate(async () => {
    const answer = await fetch('/fn/session/viewer', { method: 'POST' });
    return (await answer.json()).actor.memberships[0].organisation as string;
  });
  const refused = await user.evaluate(async (id) => {
    const body = new URLSearchParams({ 'form[organisation]': id, 'form[title]': 'x', 'form[description]': 'x', 'form[priority]': 'p4' });
    const answer = await fetch('/fn/cases/open_case', { method: 'POST', body, headers: { accept: 'application/json' } });
    return { status: answer.status, text: await answer.text() };
  }, organisation);
  expect(refused.status, 'a direct POST is refused').toBe(403);
  expect(refused.text, 'with the date').toMatch(/"opens_on":"\d{4}-\d\d-\d\d"/);

  // Launch.
  await move(page, cast.company, 'launch');

  // An agent has the desk open; the user opens a case with a file; it arrives without reloading.
  const agent = await window(browser, info.project.name, problems);
  await signIn(agent, 'omar@nordlys.example');
  await go(agent, '/desk');
  await go(user, '/cases/new');
  const title = `Export ${info.project.name} ${Date.now()}`;
  await user.locator('select[name="form[product]"]').selectOption({ index: 1 });
  await user.locator('input[name="form[title]"]').fill(title);
  await user.locator('textarea[name="form[description]"]').fill('Le fichier est vide depuis ce matin.\nThe file is empty since this morning.');
  await user.locator('input[name="form[priority]"][value=p2]').check();
  await user.locator('input[type=file]').setInputFiles({ name: 'export.csv', mimeType: 'text/csv', buffer: Buffer.from('a;b\n1;2\n') });
  await expect(user.locator('input[name="files[]"]')).toHaveCount(1);
  await user.locator('form.form button[type=submit]').first().click();
  await user.waitForURL(/\/cases\/[0-9a-f-]{36}/);
  await expect(user.locator('.file', { hasText: 'export.csv' })).toBeVisible();
  await expect(agent.getByRole('link', { name: title }), 'the case arrives live').toBeVisible();

  // The agent answers; the user reads it without reloading.
  await agent.getByRole('link', { name: title }).click();
  await agent.locator('form.reply textarea').fill('Nous avons trouvé la cause. We found the cause.');
  await agent.locator('form.reply button[type=submit]').click();
  await expect(agent.locator('.entry-vendor')).toContainText('We found the cause');
  await expect(user.locator('.entry-vendor'), 'the reply arrives live').toContainText('We found the cause');
  await letter((mail) => mail.to.includes(cast.user.email) && mail.text.includes('We found the cause'), 'the reply by mail');

  // The whole company's history is there, old cases by their old number.
  await go(user, `/cases?search=${cast.oldNumber}`);
  await expect(user.locator('.row-link')).toHaveCount(1);
  await user.locator('.row-link').click();
  await expect(user.locator('.stream time').first()).toHaveAttribute('datetime', /^2018/);

  // Every mail is in the outbox, and was sent.
  await go(page, '/mail');
  await expect(page.locator('main')).toContainText(cast.user.email);
  for (const window of [admin, user, agent]) await window.close();
  expect(problems, 'every console stays clean').toEqual([]);
});
