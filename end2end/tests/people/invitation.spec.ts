// An invitation survives scanners that follow links (K4), is accepted once, and can be sent again when it has expired.
import { accept, addPerson, alive, expect, go, signIn, test } from '../../fixtures/portal';
import { invitationLink, letter, letters, morning, port, Server } from '../../fixtures/server';

const own = new Server('invitation', port + 2);
test.beforeAll(() => own.start());
test.afterAll(() => own.stop());
test.use({ baseURL: own.address });

test('J05 scanner-safe invitation: GET never consumes, POST accepts once, an expired link offers another', async ({ browser, page, request }) => {
  await signIn(page, 'jules.perrin@valmont.example');
  for (const name of ['Ada Jour', 'Basile Nuit']) {
    await addPerson(page, name, `${name.split(' ')[0].toLowerCase()}@j05.example`);
  }
  const ada = new URL(invitationLink(await letter((mail) => mail.to.includes('ada@j05.example'), 'for Ada'))).pathname;
  const basile = new URL(invitationLink(await letter((mail) => mail.to.includes('basile@j05.example'), 'for Basile'))).pathname;

  for (let visit = 0; visit < 10; visit += 1) expect((await request.get(ada)).status()).toBe(200);
  const visitor = await browser.newContext({ baseURL: own.address, locale: 'fr-FR' });
  const window = await visitor.newPage();
  await accept(window, ada);
  await expect(window.locator('h1')).toContainText('Ada');

  // The link again: the page says that it was used, and so does a second acceptance.
  await go(window, ada);
  await expect(window.getByText('Cette invitation a déjà été acceptée')).toBeVisible();
  const token = ada.split('/').pop() as string;
  const again = await request.post('/fn/people/accept', {
    form: { token, name: 'Somebody Else', password: 'another long phrase', password_again: 'another long phrase' },
    headers: { accept: 'application/json', 'sec-fetch-site': 'same-origin' },
  });
  expect(again.status()).toBe(409);
  expect(await again.text()).toContain('InvitationAccepted');

  // Fifteen days later the other link has expired; its page sends a new one, which works.
  const before = letters().length;
  own.setClock(morning.replace('03-10', '03-25'));
  await go(window, basile);
  await expect(window.getByText('Ce lien n’est plus valable')).toBeVisible();
  await window.getByRole('button', { name: 'Recevoir un nouveau lien' }).click();
  await window.waitForURL(/sent=true/);
  await alive(window);
  await expect(window.getByText('un nouveau lien est envoyé')).toBeVisible();
  await expect.poll(() => letters().slice(before).some((mail) => mail.to.includes('basile@j05.example'))).toBe(true);
  const renewed = letters().slice(before).find((mail) => mail.to.includes('basile@j05.example'));
  await accept(window, invitationLink(renewed!));
  await expect(window.locator('h1')).toContainText('Basile');
  await visitor.close();
});
