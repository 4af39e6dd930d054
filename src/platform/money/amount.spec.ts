import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decimalsOf,
  formatAmount,
  hasAmountForm,
  isPayableCurrency,
  parseAmount,
  parseSum,
  PAYABLE_CURRENCIES,
} from './index.js';

const POSTGRES_BIGINT_MAX = 2n ** 63n - 1n;

describe('the currency table', () => {
  it('has the decimals of ISO 4217, also where Intl has others', () => {
    const expected = {
      EUR: 2,
      USD: 2,
      JPY: 0,
      KRW: 0,
      TND: 3,
      BHD: 3,
      HUF: 2,
      IDR: 2,
      COP: 2,
      PKR: 2,
      IQD: 3,
      ISK: 0,
      MGA: 2,
      UGX: 0,
      XOF: 0,
      XCG: 2,
    };
    expect(Object.fromEntries(Object.keys(expected).map((code) => [code, decimalsOf(code)]))).toEqual(expected);
  });

  it.each([
    'XXX',
    'XTS',
    'XAU',
    'XAG',
    'XDR',
    'CLF',
    'UYW',
    'CHE',
    'USN',
    'BGN',
    'ANG',
    'HRK',
    'eur',
    'EURO',
    '',
    '__proto__',
    'constructor',
  ])('pays nobody in "%s"', (code) => {
    expect(isPayableCurrency(code)).toBe(false);
    expect(parseAmount('1', code)).toEqual({ fault: 'unknown_currency' });
  });

  it('keeps what was stored in a withdrawn currency readable', () => {
    expect(formatAmount(1950n, 'BGN')).toBe('19.50');
  });

  it('has no currency whose largest amount leaves the bigint of PostgreSQL', () => {
    for (const currency of PAYABLE_CURRENCIES) {
      const places = decimalsOf(currency)!;
      const largest = parseAmount('9'.repeat(15) + (places > 0 ? `.${'9'.repeat(places)}` : ''), currency);
      expect('minor' in largest && largest.minor <= POSTGRES_BIGINT_MAX).toBe(true);
    }
  });
});

describe('an amount', () => {
  it.each([
    ['120.50', 'EUR', 12050n, '120.50'],
    ['120.5', 'EUR', 12050n, '120.50'],
    ['120', 'EUR', 12000n, '120.00'],
    ['007.5', 'EUR', 750n, '7.50'],
    ['0', 'EUR', 0n, '0.00'],
    ['0.01', 'USD', 1n, '0.01'],
    ['1.234', 'TND', 1234n, '1.234'],
    ['500', 'JPY', 500n, '500'],
    ['999999999999999.99', 'EUR', 99999999999999999n, '999999999999999.99'],
    ['9007199254740993', 'EUR', null, null],
    ['900719925474099.31', 'EUR', 90071992547409931n, '900719925474099.31'],
  ])('"%s" %s is %s minor units', (...row) => {
    const [text, currency, minor, canonical] = row;
    expect(parseAmount(text, currency)).toEqual(minor === null ? { fault: 'invalid_amount' } : { minor, canonical });
  });

  it.each([
    ...['', ' ', '-1', '+1', '1,50', '1.', '.5', '1e3', '0x10', '1 000', ' 1', '1 ', '1\n', '١٢', '１２', 'NaN', 'Infinity'],
    ...['1.2.3', '1000000000000000', '1_000', 'ten'],
  ])('refuses "%s" as no decimal number', (text) => {
    expect(parseAmount(text, 'EUR')).toEqual({ fault: 'invalid_amount' });
    expect(hasAmountForm(text)).toBe(false);
  });

  it.each([
    ['1.500', 'EUR'],
    ['1.001', 'USD'],
    ['100.0', 'JPY'],
    ['1.2345', 'TND'],
  ])('refuses more decimals than the currency has: "%s" %s', (text, currency) => {
    expect(parseAmount(text, currency)).toEqual({ fault: 'too_many_decimals' });
  });

  it('has at most 15 digits before the point, and a sum 20', () => {
    const sum = '9'.repeat(20);
    expect(parseSum(`${sum}.5`, 'EUR')).toEqual({ minor: BigInt(`${sum}50`), canonical: `${sum}.50` });
    expect(parseSum(`9${sum}`, 'EUR')).toEqual({ fault: 'invalid_amount' });
    expect(parseAmount(sum, 'EUR')).toEqual({ fault: 'invalid_amount' });
  });

  it('shows negative sums with their sign', () => {
    expect(formatAmount(-5n, 'EUR')).toBe('-0.05');
    expect(formatAmount(-5n, 'JPY')).toBe('-5');
  });

  it('refuses to show an amount of no currency', () => {
    expect(() => formatAmount(1n, 'XXX')).toThrow(/no currency/);
  });

  it('comes back exactly, whatever the currency', () => {
    const amounts = fc.record({
      minor: fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }),
      currency: fc.constantFrom(...PAYABLE_CURRENCIES),
    });
    fc.assert(
      fc.property(amounts, ({ minor, currency }) => {
        const canonical = formatAmount(minor, currency);
        expect(parseAmount(canonical, currency)).toEqual({ minor, canonical });
      }),
    );
  });

  it('never throws on any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, currency) => void parseAmount(text, currency)));
  });
});
