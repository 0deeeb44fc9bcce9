// Whose turn it is, at the head of a case, from the reader's point of view; right-to-left text.
import { expect, go, signIn, signedIn, test } from '../../fixtures/portal';

test('U14 a case says under its title whose turn it is and who has it, to each side in its own words', async ({ page, browser }) => {
  await signIn(page, 'claire.fontaine@montclair.example');
  await go(page, '/cases?status=pending_response');
  const row = page.locator('tbody tr').first();
  await expect(row).toContainText('À vous de répondre');
  const path = (await row.locator('a.row-link').getAttribute('href'))!;
  await page.setViewportSize({ width: 390, height: 844 });
  await go(page, path);
  const stand = page.locator('.case-stand');
  await expect(stand).toBeInViewport();
  await expect(stand).toContainText(/À vous de répondre.* attend votre réponse/s);

  const agent = await signedIn(browser, 'omar@nordlys.example');
  await go(agent, path);
  await expect(agent.locator('.case-stand')).toContainText(/Réponse du client attendue.*Nous attendons la réponse du client/s);
  await page.locator('form.reply textarea').fill('الطابعة لا تعمل منذ أمس.');
  await page.locator('form.reply button[type=submit]').click();
  await expect(stand, 'and follows what happens').not.toContainText('À vous de répondre');
  await expect(agent.locator('.case-stand')).toContainText('de répondre');

  // The full stop of an Arabic sentence is at its left end.
  const body = page.locator('.entry-body', { hasText: 'الطابعة' }).last();
  const [first, stop] = await body.evaluate((element) => {
    const text = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode() as Text;
    const left = (at: number) => {
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, at + 1);
      return range.getBoundingClientRect().left;
    };
    return [left(0), left(text.data.length - 1)];
  });
  expect(stop).toBeLessThan(first);
  await agent.context().close();
});
