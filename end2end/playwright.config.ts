// Three ways to use the portal: a desktop, a phone, and a browser without JavaScript. One server, one database with the demo
// data, created for each run; mails are files in its data directory.
import { defineConfig, devices } from '@playwright/test';
import { address, chromium } from './fixtures/server';

const launchOptions = {
  executablePath: chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
};

export default defineConfig({
  testDir: './tests',
  outputDir: './test-results',
  fullyParallel: false,
  workers: 1,
  retries: 0,
  timeout: 45_000,
  expect: { timeout: 10_000 },
  forbidOnly: !!process.env.CI,
  reporter: [['list']],
  globalSetup: './fixtures/start.ts',
  use: { baseURL: address, actionTimeout: 15_000, navigationTimeout: 20_000, launchOptions, locale: 'fr-FR', timezoneId: 'Europe/Paris', trace: 'retain-on-failure' },
  projects: [
    { name: 'desktop', use: { ...devices['Desktop Chrome'], launchOptions }, testIgnore: /\.(phone|plain)\.spec\.ts/ },
    // The phone's owner reads English; the story (J00) runs on both.
    { name: 'phone', use: { ...devices['Pixel 7'], launchOptions, locale: 'en-GB' }, testMatch: /(\.phone|\/story)\.spec\.ts/ },
    {
      name: 'plain',
      use: { ...devices['Desktop Chrome'], launchOptions, javaScriptEnabled: false },
      testMatch: /\.plain\.spec\.ts/,
    },
  ],
});
