// Long lists and long cases without JavaScript: nothing is cut silently, and links lead forward and back.
import { COMPANIES, ENTRIES, fill, PEOPLE } from '../../fixtures/many';
import { expect, go, signIn, test } from '../../fixtures/portal';
import { port, Server } from '../../fixtures/server';

const own = new Server('lists-plain', port + 5);
test.beforeAll(async () => {
  await own.start();
  fill(own);
});
test.afterAll(() => own.stop());
test.use({ baseURL: own.address });

test('T14 companies are paged forward and back, and each page says which rows it shows', async ({ page }) => {
  await signIn(page, 'mia@nordlys.example');
  await go(page, '/people');
  const extent = page.locator('.paging-extent');
  await expect(extent).toContainText(/^1–50 sur \d+$/);
  const total = Number((await extent.innerText()).split(' ').pop());
  expect(total).toBeGreaterThan(COMPANIES);
  const names = await page.locator('.rows .row-link').allInnerTexts();
  await page.locator('.paging a[rel=next]').click();
  await expect(extent).toHaveText(`51–100 sur ${total}`);
  while ((await page.locator('.paging a[rel=next]').count()) > 0) {
    names.push(...(await page.locator('.rows .row-link').allInnerTexts()));
    await page.locator('.paging a[rel=next]').click();
  }
  names.push(...(await page.locator('.rows .row-link').allInnerTexts()));
  await expect(extent).toContainText(`–${total} sur ${total}`);
  expect(names.length, 'every company on one page').toBe(total);
  // U15: in the order of a French dictionary.
  const french = new Intl.Collator('fr');
  expect(names).toEqual([...names].sort(french.compare));
  while ((await page.locator('.paging a[rel=prev]').count()) > 0) await page.locator('.paging a[rel=prev]').click();
  await expect(extent).toHaveText(`1–50 sur ${total}`);
});

test('T15 the people of a company are searched and paged', async ({ page }) => {
  await signIn(page, 'mia@nordlys.example');
  await go(page, '/people?search=Grande+Maison');
  await expect(page.locator('.paging-extent')).toHaveText(`1–50 sur ${PEOPLE}`);
  await page.locator('.paging a[rel=next]').click();
  await expect(page.locator('tbody tr').first()).toContainText('Éric Martin 050');
  await page.locator('input[name=find]').fill('martin 12 eric');
  await page.locator('form:has(input[name=find]) button').click();
  await expect(page.locator('tbody tr'), '012, 112 and 120 to 129').toHaveCount(12);
  await page.locator('input[name=find]').fill('120 martin');
  await page.locator('form:has(input[name=find]) button').click();
  await page.locator('tbody tr a.row-link').first().click();
  await expect(page.locator('h1')).toHaveText('Éric Martin 120');
});

test('T16 a long case opens at its last entries and leads to the earlier ones', async ({ page }) => {
  await signIn(page, 'omar@nordlys.example');
  await go(page, '/desk?search=longue+histoire');
  const answer = page.waitForResponse((response) => /\/cases\/[0-9a-f-]{36}$/.test(response.url()));
  await page.locator('.row-link').first().click();
  expect((await (await answer).body()).length, 'bytes').toBeLessThan(100_000);
  const entries = page.locator('.stream > .entry');
  await expect(entries).toHaveCount(50);
  await expect(entries.last()).toContainText(`Message ${ENTRIES - 1}`);
  await expect(page.locator('form.reply')).toBeVisible();
  await page.getByRole('link', { name: /Messages précédents/ }).click();
  await expect(entries.first()).toContainText(`Message ${ENTRIES - 100}`);
  await expect(entries).toHaveCount(50);
  await page.getByRole('link', { name: /Messages suivants/ }).click();
  await expect(entries.last()).toContainText(`Message ${ENTRIES - 1}`);
});

test('B12 times are in the time zone that the person chose on the account page', async ({ page }) => {
  await signIn(page, 'omar@nordlys.example');
  await go(page, '/account');
  await page.locator('select[name=zone]').selectOption('America/New_York');
  await page.locator('form[action="/fn/session/set_zone"] button').click();
  await expect(page.locator('.alert')).toContainText('Le fuseau horaire est enregistré');
  await go(page, '/desk?search=longue+histoire');
  // Midnight in UTC.
  await page.locator('.row-link').first().click();
  await expect(page.locator('.facts time').first()).toHaveText('31 décembre 2024 à 19:00 UTC−5');
});
