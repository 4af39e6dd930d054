import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { PayoutLinkDto } from '../../src/doors/dots/payout-link.dto.js';
import { testApp, type TestApp } from '../support/app.js';
import { chromiumPath, startChromium } from '../support/chromium.js';
import { DotsClient } from '../support/dots-client.js';
import { newReference, validItem } from '../support/items.js';
import type { MerchantClient } from '../support/merchant-client.js';

const inChromium = chromiumPath !== null ? describe : describe.skip;
const why = chromiumPath === null ? ' (skipped: no Chromium here; apt-get install chromium, or CHROMIUM=path)' : '';

inChromium(`The page of a payout link in Chromium, without JavaScript${why}`, () => {
  let app: TestApp;
  let merchant: MerchantClient;
  let client: DotsClient;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const requested: string[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    app = await testApp();
    merchant = await app.merchant({ name: 'Rent and Sons' });
    client = new DotsClient(app.url, merchant.created.api_key_id, merchant.created.api_key);
    browser = await startChromium(chromiumPath ?? '');
    context = await browser.newContext({ javaScriptEnabled: false });
    page = await context.newPage();
    page.on('request', (request) => requested.push(new URL(request.url()).origin));
    page.on('console', (message) => complaints.push(message.text()));
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  const send = (): Promise<PayoutLinkDto> =>
    client.ok('POST', '/payouts/send-payout', {
      amount: 12050,
      memo: 'For May',
      payee: { country_code: '1', phone_number: '4154332334' },
    });
  const statusOf = async ({ id }: PayoutLinkDto): Promise<string> =>
    (await client.ok<PayoutLinkDto>('GET', `/payout-links/${id}`)).status;
  const submit = () => page.getByRole('button', { name: 'Get 120.50 USD' }).click();
  /** A key or a click does not wait for the page that it asks for: its heading tells that it is there. */
  const paidPage = () => page.getByRole('heading', { level: 1, name: 'You will be paid 120.50 USD' }).waitFor();
  const field = (name: string) => page.getByRole('textbox', { name });

  it('is filled in by the names of its fields alone, says beside each what to mend, and pays', async () => {
    const secret = newReference('SECRET');
    await merchant.createBulk([validItem({ reference: secret })]);
    const link = await send();
    await page.goto(link.link);
    expect(await page.title()).toBe('You are being paid');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('You are being paid 120.50 USD');
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    expect(await page.content()).not.toContain(secret);
    expect(await page.evaluate<string>('getComputedStyle(document.body).margin')).toBe('0px');

    await field('First name').fill('Ada');
    await field('Last name').fill('Lovelace');
    await page.getByRole('radio', { name: 'Bank account with an IBAN' }).check();
    await field('IBAN').fill('DE00 3704 0044 0532 0130 00');
    await submit();
    await page.getByRole('alert').waitFor();
    expect(await page.title()).toBe('Error: You are being paid');
    const iban = field('IBAN');
    expect(await iban.getAttribute('aria-invalid')).toBe('true');
    const told = ((await iban.getAttribute('aria-describedby')) ?? '')
      .split(' ')
      .map((id) => page.locator(`#${id}`).textContent());
    expect((await Promise.all(told)).join(' ')).toMatch(/check digits/i);
    expect(await page.getByRole('alert').getByRole('link').count()).toBe(1);
    expect([await field('First name').inputValue(), await iban.inputValue()]).toEqual(['Ada', 'DE00 3704 0044 0532 0130 00']);
    expect(await statusOf(link)).toBe('created');

    await iban.fill('DE89 3704 0044 0532 0130 00');
    await submit();
    await paidPage();
    expect(await statusOf(link)).toBe('claimed');
    const [newest] = await merchant.all<{ id: string }>('/v1/bulks');
    const [payout] = await merchant.untilAtRest(newest!.id);
    expect(payout).toMatchObject({ amount: '120.50', intent: { status: 'succeeded' }, billing_data: { first_name: 'Ada' } });

    await page.reload();
    const dead = await page.content();
    expect(dead).toContain('This link does not work');
    await page.goto(link.link);
    expect(await page.content()).toBe(dead);
    await page.goto(`${app.url}/pay/${'A'.repeat(43)}`);
    expect(await page.content()).toBe(dead);
  });

  it('can be gone through with the keyboard, and fits a telephone', async () => {
    const link = await send();
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto(link.link);
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(overflow).toBe(0);
    await field('First name').focus();
    for (const key of ['A', 'Tab', 'L', 'Tab', 'Space', 'Tab']) await page.keyboard.press(key);
    expect(await page.getByRole('radio', { name: 'PayPal' }).isChecked()).toBe(true);
    await page.keyboard.type('ada@example.com');
    await page.keyboard.press('Enter');
    await paidPage();
    expect(await page.title()).toBe('You will be paid');
    expect(await statusOf(link)).toBe('claimed');
  });

  it('has asked nobody else for anything, and has broken none of its own rules', () => {
    expect(new Set(requested)).toEqual(new Set([app.url]));
    // Of a page that is not there, Chromium itself says so.
    expect(complaints.filter((complaint) => !complaint.includes('404') && !complaint.includes('422'))).toEqual([]);
  });
});
