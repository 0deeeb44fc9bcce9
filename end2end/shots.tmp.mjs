// usage: node shots.mjs BASE OUT [filter]
import { chromium } from '@playwright/test';
const [base, out, filter] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const PEOPLE = {
  'claire.fontaine@montclair.example': ['/', '/cases', '/cases/new', '/people', '/people/new', '/timeline', '/announcements', '/ledger', '/chat', '/calls/new', '/account', 'CASE', 'PERSON'],
  'jules.perrin@valmont.example': ['/', '/cases/new', '/timeline'],
  'omar@nordlys.example': ['/desk', '/desk/chats', '/desk/calls', 'CASE'],
  'mia@nordlys.example': ['/rollout', 'COMPANY', '/imports', '/mail', '/people'],
};
const sizes = { phone: [390, 844], tablet: [820, 1180], desk: [1440, 900] };
for (const [who, paths] of Object.entries(PEOPLE)) {
  for (const [size, [w, h]] of Object.entries(sizes)) {
    for (const [lang, scheme] of [['fr', 'light'], ['en', 'dark']]) {
      const name = who.split('@')[0].split('.')[0];
      if (filter && !`${name}-${size}-${lang}`.match(new RegExp(filter))) continue;
      const ctx = await browser.newContext({ viewport: { width: w, height: h }, colorScheme: scheme, locale: lang === 'fr' ? 'fr-FR' : 'en-GB', timezoneId: 'Europe/Paris' });
      await ctx.addCookies([{ name: 'language', value: lang, url: base }]);
      const page = await ctx.newPage();
      page.on('console', m => { if (['error', 'warning'].includes(m.type())) console.log(page.url(), m.text().slice(0, 300)); });
      await page.goto(base + '/sign-in'); await page.waitForSelector('html[data-hydrated]');
      if (name === 'claire') await page.screenshot({ path: `${out}/signin-${size}-${lang}.png` });
      await page.fill('input[name=email]', who); await page.fill('input[name=password]', 'Nordlys-demo-2026');
      await page.click('main button[type=submit]'); await page.waitForURL(u => !u.pathname.startsWith('/sign-in'));
      for (let p of paths) {
        let label = p.replace(/\W+/g, '_');
        if (p === 'CASE') { await page.goto(base + (name === 'omar' ? '/desk' : '/cases')); p = await page.locator('.row-link').nth(1).getAttribute('href'); }
        if (p === 'PERSON') { await page.goto(base + '/people'); p = await page.locator('.row-link').nth(1).getAttribute('href'); }
        if (p === 'COMPANY') { await page.goto(base + '/rollout'); p = await page.locator('.row-link, tbody a').first().getAttribute('href'); }
        await page.goto(base + p); await page.waitForSelector('html[data-hydrated]');
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) console.log('OVERFLOW', name, size, lang, p, wide);
        await page.screenshot({ path: `${out}/${name}-${label}-${size}-${lang}.png`, fullPage: true });
      }
      await ctx.close();
    }
  }
}
await browser.close();
