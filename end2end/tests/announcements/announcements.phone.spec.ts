// Announcements on a small phone: nothing is wider than the window, and links inside a page lead somewhere.
import { accessible, expect, go, signIn, test } from '../../fixtures/portal';
import type { Page } from '@playwright/test';

test.use({ viewport: { width: 390, height: 844 } });

async function publish(page: Page, name: string, source: string): Promise<void> {
  await go(page, '/publish');
  await page.locator('input[name=file_name]').fill(name);
  await page.locator('textarea[name=source]').fill(source);
  await page.locator('form.publish button[value=publish]').click();
  await page.waitForURL(/\/announcements\/[a-z0-9-]+\?language=/);
}

test('B24 long code and wide tables scroll in their place', async ({ page }) => {
  await signIn(page, 'mia@nordlys.example');
  const long = 'guichet --data-dir /var/lib/guichet import /srv/exports/2026/ '.repeat(8);
  const cells = 'une cellule assez longue '.repeat(3);
  await publish(
    page,
    'e2e-wide.fr.md',
    `---\ntitle: Large\nhide: true\n---\n\`\`\`\n${long}\n\`\`\`\n\n    ${'x'.repeat(400)}\n\n\`${'y'.repeat(300)}\`\n\n<table><tr>${`<td>${cells}</td>`.repeat(6)}</tr></table>\n`,
  );
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(beyond, 'nothing beyond the edge').toBeLessThanOrEqual(0);
  await expect(page.locator('.article td').first(), 'tables of HTML are shown').toBeVisible();
  const narrow = await page.locator('.article td').evaluateAll((cells) => cells.map((cell) => cell.clientWidth).filter((width) => width < 90));
  expect(narrow, 'cells are wide enough for words').toEqual([]);
  await accessible(page);
});

test('B21 a link to a heading leads there', async ({ page }) => {
  await signIn(page, 'mia@nordlys.example');
  const filling = 'Du texte.\n\n'.repeat(80);
  await publish(page, 'e2e-anchors.fr.md', `---\ntitle: Ancres\nhide: true\n---\n- [Contacts](#contacts-utiles)\n\n${filling}## Contacts utiles {#contacts-utiles}\n\nNous.\n`);
  await page.getByRole('link', { name: 'Contacts' }).click();
  await expect(page.getByRole('heading', { name: 'Contacts utiles' })).toBeInViewport();
});
