import { accept, accessible, addPerson, expect, go, importLines, signIn, test } from '../../fixtures/portal';
import { invitationLink, letter } from '../../fixtures/server';

test('J06 phase gate: in set-up the timeline is open, cases, chat and call-backs are refused with the date', async ({ browser, page }) => {
  await signIn(page, 'jules.perrin@valmont.example');
  await addPerson(page, 'Garance Porte', 'garance@j06.example');
  const welcome = await letter((mail) => mail.to.includes('garance@j06.example'), 'the invitation');
  const context = await browser.newContext({ locale: 'fr-FR', timezoneId: 'Europe/Paris' });
  const user = await context.newPage();
  await accept(user, invitationLink(welcome));

  await go(user, '/timeline');
  await expect(user.locator('main')).toContainText('Cidrerie Valmont');
  await expect(user.locator('[aria-current=step]')).toContainText('Configuration');
  const launch = await user.locator('.timeline-steps > li').last().locator('time').getAttribute('datetime');
  expect(launch).toMatch(/^\d{4}-\d\d-\d\d$/);

  for (const path of ['/cases/new', '/chat', '/calls/new', '/cases']) {
    await go(user, path);
    await expect(user.locator('main textarea'), `${path} has no form`).toHaveCount(0);
    await expect(user.locator(`main time[datetime="${launch}"]`).first(), `${path} says when`).toBeVisible();
    await accessible(user);
  }
  await go(user, '/');
  await expect(user.locator('.door').locator(`time[datetime="${launch}"]`)).toHaveCount(3);

  // A request that bypasses the page meets the same gate.
  const viewer = await user.request.post('/fn/session/viewer', { headers: { 'sec-fetch-site': 'same-origin' } });
  const organisation = (await viewer.json()).actor.memberships[0].organisation as string;
  const acts: [string, Record<string, string>][] = [
    ['/fn/cases/open_case', { 'form[organisation]': organisation, 'form[product]': 'none', 'form[title]': 'x', 'form[description]': 'x', 'form[priority]': 'p4' }],
    ['/fn/chat/start', { 'form[organisation]': organisation, 'form[text]': 'x' }],
    ['/fn/calls/request', { 'form[organisation]': organisation, 'form[phone]': '+33123456789', 'form[topic]': 'x' }],
  ];
  for (const [path, form] of acts) {
    const answer = await user.request.post(path, { form, headers: { accept: 'application/json', 'sec-fetch-site': 'same-origin' } });
    expect(answer.status(), path).toBe(403);
    expect(await answer.text(), `${path} says when`).toContain(`"opens_on":"${launch}"`);
  }
  await context.close();
});

test('J11 the override of the guard is offered for a launch, and for no other step', async ({ page }) => {
  await signIn(page, 'mia@nordlys.example');
  await importLines(page, 'j11', [{ type: 'organisation', id: 'J11-1', name: 'J11 Sans Administrateur', programme: 'spring' }]);
  await go(page, '/rollout?search=J11');
  await page.getByRole('link', { name: 'J11 Sans Administrateur' }).first().click();
  const form = page.locator('form[action$="/move_phase"]');
  const override = form.locator('input[name=override_guard]');
  await expect(form.locator('select[name=to]')).toHaveValue('setup');
  await expect(override).toBeHidden();
  await form.locator('select[name=to]').selectOption('launch');
  await expect(override).toBeVisible();
  await form.locator('input[name=reason]').fill('J11');
  await form.getByRole('button').click();
  await expect(form, 'refused once, in one place').toContainText('n’a encore accepté son invitation');
});
