// The same pages on a small phone in dark mode: nothing is wider than the screen, and contrast holds.
import { PEOPLE } from '../../fixtures/people';
import { accessible, expect, go, signIn, test } from '../../fixtures/portal';

test.use({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' });

for (const [email, paths] of Object.entries(PEOPLE)) {
  test(`J30 every page of ${email} fits a phone, in the dark`, async ({ page }) => {
    test.setTimeout(120_000);
    await signIn(page, email);
    for (const path of paths) {
      await go(page, path);
      await test.step(path, async () => {
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(beyond, 'nothing beyond the edge').toBeLessThanOrEqual(0);
        await accessible(page);
      });
    }
  });
}
