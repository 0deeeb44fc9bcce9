// Every page of every role in every window size, in both languages: what an eye would notice immediately.
import { flaws } from '../../fixtures/eye';
import { PEOPLE } from '../../fixtures/people';
import { alive, expect, go, signIn, test } from '../../fixtures/portal';

const WINDOWS = [
  { width: 320, height: 640 },
  { width: 390, height: 844 },
  { width: 820, height: 1180 },
  { width: 1280, height: 400 },
  { width: 1440, height: 900 },
];

for (const [email, paths] of Object.entries(PEOPLE)) {
  test(`J30 no page of ${email} is too wide, cut, covered, out of order or too small to hit, in any window`, async ({ page }) => {
    test.setTimeout(180_000);
    await signIn(page, email);
    // French last: the language is stored for the person, whom other tests use too.
    for (const language of ['en', 'fr']) {
      if ((await page.locator('html').getAttribute('lang')) !== language) {
        await page.locator('form.language button:visible').click();
        await expect(page.locator('html')).toHaveAttribute('lang', language);
        await alive(page);
      }
      // Rows lead to pages of one case, one person, one company.
      const all = [...paths];
      for (const list of paths.filter((path) => /^\/(desk|cases|people|rollout)$/.test(path))) {
        await go(page, list);
        const row = await page.locator('main .row-link').first().getAttribute('href', { timeout: 500 }).catch(() => null);
        if (row) all.push(row);
      }
      for (const path of all) {
        await page.setViewportSize(WINDOWS[0]);
        await go(page, path);
        // Where English is longer, it is so in the narrowest window.
        for (const window of language === 'fr' ? WINDOWS : WINDOWS.slice(0, 1)) {
          await page.setViewportSize(window);
          expect.soft(await flaws(page), `${language} ${path} at ${window.width}×${window.height}`).toEqual([]);
        }
      }
    }
  });
}

test('J30 what a visitor sees is whole in every window, and a broken link leads on', async ({ page }) => {
  for (const path of ['/sign-in', '/forgot', '/invitation/x', '/reset/x', '/nowhere']) {
    await go(page, path);
    for (const window of WINDOWS) {
      await page.setViewportSize(window);
      expect.soft(await flaws(page), `${path} at ${window.width}×${window.height}`).toEqual([]);
    }
  }
  for (const path of ['/invitation/x', '/reset/x']) {
    await go(page, path);
    await expect(page.locator('main a[href="/forgot"]'), path).toBeVisible();
  }
});
