// Every page for the people who see it: it hydrates, the console stays clean, no WCAG 2.2 AA violation, in both languages.
import { PEOPLE } from '../../fixtures/people';
import { accessible, alive, expect, go, signIn, test } from '../../fixtures/portal';


for (const [email, paths] of Object.entries(PEOPLE)) {
  test(`J30 every page of ${email} is accessible in French and English`, async ({ page }) => {
    test.setTimeout(120_000);
    await signIn(page, email);
    // French last: the language is stored for the person, whom other tests use too.
    for (const language of ['en', 'fr']) {
      if ((await page.locator('html').getAttribute('lang')) !== language) {
        await page.locator('form.language button:visible').click();
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

test('J30 what a visitor sees is accessible', async ({ page }) => {
  for (const path of ['/sign-in', '/forgot', '/invitation/x', '/nowhere']) {
    await go(page, path);
    await test.step(path, () => accessible(page));
  }
});
