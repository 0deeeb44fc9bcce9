// Every page for the people who see it: it hydrates, the console stays clean, no WCAG 2.2 AA violation, in both languages.
import { accessible, alive, expect, go, signIn, test } from '../../fixtures/portal';

const PEOPLE: Record<string, string[]> = {
  'claire.fontaine@montclair.example': [
    '/', '/cases', '/cases?search=zzz', '/cases/new', '/people', '/people/new', '/timeline', '/announcements', '/ledger', '/chat',
    '/calls/new', '/account',
  ],
  'jules.perrin@valmont.example': ['/', '/cases', '/cases/new', '/timeline', '/people'],
  'omar@nordlys.example': ['/desk', '/desk/chats', '/desk/calls', '/people'],
  'mia@nordlys.example': ['/rollout', '/imports', '/mail', '/ledger', '/announcements'],
};

for (const [email, paths] of Object.entries(PEOPLE)) {
  test(`J30 every page of ${email} is accessible in French and English`, async ({ page }) => {
    test.setTimeout(120_000);
    await signIn(page, email);
    // French last: the language is the person's, other tests meet them again.
    for (const language of ['en', 'fr']) {
      if ((await page.locator('html').getAttribute('lang')) !== language) {
        await page.locator('form.language button').click();
        await expect(page.locator('html')).toHaveAttribute('lang', language);
        await alive(page);
      }
      for (const path of paths) {
        await go(page, path);
        await test.step(`${language} ${path}`, () => accessible(page));
      }
    }
  });
}

test('J30 the sign-in page is accessible', async ({ page }) => {
  await go(page, '/sign-in');
  await accessible(page);
});
