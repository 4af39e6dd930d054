import { describe, expect, it } from '@jest/globals';
import { takeItems } from '../../bulks/index.js';
import { judgePayout } from '../judge-payout.js';
import type { JudgementContext } from '../rule.js';

const now = new Date('2026-11-21T10:00:00Z');
const context: JudgementContext = {
  acceptedAt: now,
  judgedAt: now,
  bulk: { scheduled_date: null, timezone: null },
  merchantTimezone: null,
  limits: new Map(),
  routes: () => true,
};

function issuesOf(value: object): ReturnType<typeof judgePayout>['issues'] {
  const [taken] = takeItems([{ reference: 'R', amount: '1.00', currency: 'EUR', ...value }]);
  return judgePayout(taken!.content, taken!.issues, context).issues;
}

/** What is wrong with a payout method, as `code member`; the method itself is `method`. */
const faults = (payout_method: object): string[] =>
  issuesOf({ payout_method }).map(({ code, pointer }) => `${code} ${pointer.replace(/^\/payout_method\/?/, '') || 'method'}`);

const bank = (members: object): string[] => faults({ type: 'bank_account', account_holder: 'Ada Lovelace', ...members });
const person = (billing_data: object): string[] =>
  issuesOf({ payout_method: { type: 'wallet', account_id: 'w' }, billing_data }).map(
    ({ code, pointer }) => `${code} ${pointer.replace('/billing_data/', '')}`,
  );

const IBAN = 'DE89370400440532013000';

describe('a payout method', () => {
  it('has a type that exists', () => {
    expect(faults({})).toEqual(['missing_field type']);
    for (const type of ['cash', '', 'BANK_ACCOUNT', '__proto__', 'constructor'])
      expect(faults({ type })).toEqual(['unknown_method_type type']);
  });
});

describe('a bank account by IBAN', () => {
  it.each([
    ...[
      'DE89370400440532013000',
      'GB29NWBK60161331926819',
      'FR1420041010050500013M02606',
      'NL91ABNA0417164300',
      'NO9386011117947',
    ],
    ...['MT84MALT011000012345MTLCAST001S', 'XK051212012345678906', 'SA0380000000608010167519', 'BR1800360305000010009795493C1'],
  ])('may be %s', (iban) => expect(bank({ iban })).toEqual([]));

  it.each([
    ['a wrong checksum', 'DE89370400440532013001'],
    ['a character too few', 'DE8937040044053201300'],
    ['a character too many', 'DE893704004405320130000'],
    ['letters where the country has digits', 'DE8937040044053201300X'],
    ['a country without IBANs', 'US89370400440532013000'],
    ['no country', '89370400440532013000'],
    ['spaces', 'DE89 3704 0044 0532 0130 00'],
    ['lower case', 'de89370400440532013000'],
    ['nothing', ''],
    ['dashes for digits', 'DE--370400440532013000'],
  ])('may not have %s', (_, iban) => expect(bank({ iban })).toEqual(['invalid_iban iban']));

  it('may have a BIC of its country', () => {
    for (const bic of ['COBADEFF', 'COBADEFFXXX']) expect(bank({ iban: IBAN, bic })).toEqual([]);
    for (const bic of ['COBADEF', 'cobadeff', 'COBADEFFXX', 'COBAZZFF', '', 'BNPAFRPP'])
      expect(bank({ iban: IBAN, bic })).toEqual(['invalid_bic bic']);
  });

  it('may have a BIC of a territory that uses its country’s IBANs', () => {
    expect(bank({ iban: 'GB29NWBK60161331926819', bic: 'NWBKJES1' })).toEqual([]);
    expect(bank({ iban: 'FR1420041010050500013M02606', bic: 'SOGEREPP' })).toEqual([]);
    expect(bank({ iban: IBAN, bic: 'NWBKJES1' })).toEqual(['invalid_bic bic']);
  });

  it('needs its holder', () => {
    expect(faults({ type: 'bank_account', iban: IBAN })).toEqual(['missing_field account_holder']);
    expect(bank({ iban: IBAN, account_holder: ' ' })).toEqual(['invalid_field account_holder']);
    expect(bank({ iban: IBAN, account_holder: 'Ada\tLovelace' })).toEqual(['invalid_characters account_holder']);
    expect(bank({ iban: IBAN, account_holder: 'x'.repeat(141) })).toEqual(['invalid_field account_holder']);
  });
});

describe('a bank account in the United States', () => {
  const us = { routing_number: '021000021', account_number: '123456789', account_type: 'checking' };
  it('has a routing number with its check digit, an account number and a type', () => {
    expect(bank(us)).toEqual([]);
    expect(bank({ ...us, account_type: 'savings', country: 'US' })).toEqual([]);
    for (const routing_number of ['021000022', '21000021', '0210000210', '000000000', '991000023', 'x']) {
      expect(bank({ ...us, routing_number })).toEqual(['invalid_routing_number routing_number']);
    }
    for (const account_number of ['123', '1'.repeat(18), '12 34 56', 'ABC']) {
      expect(bank({ ...us, account_number })).toEqual(['invalid_account_number account_number']);
    }
    expect(bank({ ...us, account_type: 'Checking' })).toEqual(['invalid_field account_type']);
    expect(bank({ routing_number: '021000021' })).toEqual(['missing_field account_number', 'missing_field account_type']);
    expect(bank({ account_number: '123456789', account_type: 'checking' })).toEqual(['missing_field routing_number']);
  });
});

describe('a bank account in Great Britain', () => {
  it('has a sort code and an account number', () => {
    for (const sort_code of ['200000', '20-00-00']) expect(bank({ sort_code, account_number: '55779911' })).toEqual([]);
    for (const sort_code of ['20000', '2000-00', '20 00 00', ''])
      expect(bank({ sort_code, account_number: '55779911' })).toEqual(['invalid_sort_code sort_code']);
    expect(bank({ sort_code: '200000', account_number: '5577991' })).toEqual(['invalid_account_number account_number']);
    expect(bank({ sort_code: '200000' })).toEqual(['missing_field account_number']);
    expect(bank({ country: 'GB', account_number: '55779911' })).toEqual(['missing_field sort_code']);
  });
});

describe('a bank account elsewhere', () => {
  it('has country, bank code and account number', () => {
    const account = { country: 'BR', bank_code: '001', account_number: '12345-6' };
    expect(bank(account)).toEqual([]);
    expect(bank({ ...account, country: 'ZZ' })).toEqual(['invalid_country country']);
    expect(bank({ ...account, country: 'br' })).toEqual(['invalid_country country']);
    expect(bank({ ...account, bank_code: '' })).toEqual(['invalid_field bank_code']);
    expect(bank({ ...account, account_number: 'x'.repeat(35) })).toEqual(['invalid_account_number account_number']);
    expect(bank({ country: 'BR' })).toEqual(['missing_field bank_code', 'missing_field account_number']);
    expect(bank({ bank_code: '001' })).toEqual(['missing_field country', 'missing_field account_number']);
  });
});

describe('a bank account in more than one way', () => {
  it('is refused, because the ways may differ', () => {
    expect(bank({ iban: IBAN, sort_code: '200000', account_number: '55779911' })).toEqual(['invalid_field method']);
    expect(bank({ routing_number: '021000021', bank_code: '001' })).toEqual(['invalid_field method']);
  });

  it('is refused where a member of another way stands beside', () => {
    expect(bank({ iban: IBAN, account_number: '532013000' })).toEqual(['invalid_field account_number']);
    expect(bank({ sort_code: '200000', account_number: '55779911', account_type: 'savings', bic: 'NWBKGB2L' })).toEqual([
      'invalid_field bic',
      'invalid_field account_type',
    ]);
  });

  it('may repeat its country, and not another', () => {
    expect(bank({ iban: IBAN, country: 'DE' })).toEqual([]);
    expect(bank({ iban: IBAN, country: 'FR' })).toEqual(['invalid_field country']);
  });

  it('in no way at all lacks its IBAN first', () => {
    expect(bank({})).toEqual(['missing_field iban']);
    expect(bank({ account_number: '1234' })).toEqual(['missing_field iban']);
  });
});

describe('the other methods', () => {
  it('find a mobile wallet by provider and phone number', () => {
    const wallet = { type: 'mobile_wallet', provider: 'mpesa', phone_number: '+254712345678' };
    expect(faults(wallet)).toEqual([]);
    for (const phone_number of [
      '0712345678',
      '+254 712 345 678',
      '254712345678',
      '+2547',
      '+999123456789',
      '+254712345678x',
      '',
    ]) {
      expect(faults({ ...wallet, phone_number })).toEqual(['invalid_phone_number phone_number']);
    }
    expect(faults({ type: 'mobile_wallet' })).toEqual(['missing_field provider', 'missing_field phone_number']);
    expect(faults({ ...wallet, provider: ' ' })).toEqual(['invalid_field provider']);
  });

  it('find a card by its token', () => {
    expect(faults({ type: 'card', token: 'tok_1' })).toEqual([]);
    expect(faults({ type: 'card' })).toEqual(['missing_field token']);
    for (const token of ['', 'a b', 'tökchen']) expect(faults({ type: 'card', token })).toEqual(['invalid_field token']);
    expect(faults({ type: 'card', token: '4242 4242 4242 4242' })).toEqual(['raw_card_number token']);
    expect(faults({ type: 'card', number: '4242424242424242' })).toEqual(['raw_card_number number', 'missing_field token']);
  });

  it('find a PayPal account by exactly one of e-mail, phone number and id', () => {
    for (const receiver of [{ email: 'ada@example.com' }, { phone_number: '+12025550123' }, { paypal_id: 'KNOWN1' }]) {
      expect(faults({ type: 'paypal', ...receiver })).toEqual([]);
    }
    expect(faults({ type: 'paypal' })).toEqual(['missing_field email']);
    expect(faults({ type: 'paypal', email: 'ada@example.com', paypal_id: 'X' })).toEqual(['invalid_field method']);
    expect(faults({ type: 'paypal', email: 'ada', phone_number: '1' })).toEqual([
      'invalid_field method',
      'invalid_email email',
      'invalid_phone_number phone_number',
    ]);
    expect(faults({ type: 'paypal', paypal_id: 'a b' })).toEqual(['invalid_field paypal_id']);
  });

  it('find a wallet by its account', () => {
    expect(faults({ type: 'wallet', account_id: 'w-1' })).toEqual([]);
    expect(faults({ type: 'wallet' })).toEqual(['missing_field account_id']);
    expect(faults({ type: 'wallet', account_id: '' })).toEqual(['invalid_field account_id']);
  });
});

describe('billing data', () => {
  it('is optional in every part', () => {
    for (const value of [{}, { address: {} }, { first_name: 'Ada' }]) expect(person(value)).toEqual([]);
    const address = {
      line1: 'Unter den Linden 1',
      line2: 'II',
      city: 'Berlin',
      state: 'BE',
      postal_code: '10117',
      country: 'DE',
    };
    expect(
      person({ first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com', phone_number: '+493012345678', address }),
    ).toEqual([]);
  });

  it('is usable where it is there', () => {
    expect(
      person({
        first_name: '',
        last_name: 'a\u0000',
        email: 'x',
        phone_number: '1',
        address: { city: '\n', country: 'UK', postal_code: 'x'.repeat(21) },
      }),
    ).toEqual([
      'invalid_characters last_name',
      'invalid_field first_name',
      'invalid_email email',
      'invalid_phone_number phone_number',
      'invalid_field address/city',
      'invalid_field address/postal_code',
      'invalid_country address/country',
    ]);
  });

  it.each(['ada@example.com', 'a.b+c@sub.example.co.uk', "o'neil@example.org", 'ada@münchen.example', 'ада@пример.рф', 'a@b.co'])(
    'may have the e-mail %s',
    (email) => expect(person({ email })).toEqual([]),
  );

  it.each([
    ...[
      'ada',
      '@example.com',
      'ada@',
      'ada@example',
      'ada@@example.com',
      'a b@example.com',
      '.ada@example.com',
      'ada.@example.com',
      'a..b@example.com',
    ],
    ...[
      'ada@-example.com',
      'ada@example-.com',
      'ada@.com',
      'ada@example..com',
      'ada@127.0.0.1',
      'ada@[127.0.0.1]',
      '"ada"@example.com',
      'ada@example.com\n',
    ],
    ...['<ada@example.com>', `${'a'.repeat(65)}@example.com`, `a@${'b.'.repeat(130)}com`],
  ])('may not have the e-mail "%s"', (email) => expect(person({ email })).toEqual(['invalid_email email']));
});

describe('what an issue says', () => {
  it('never repeats the value of a personal or account member', () => {
    const secret = 'zq7SECRETzq7';
    const members = [
      'iban',
      'bic',
      'routing_number',
      'account_number',
      'account_type',
      'sort_code',
      'country',
      'bank_code',
      'token',
      'email',
      'phone_number',
      'paypal_id',
    ];
    for (const type of ['bank_account', 'card', 'paypal', 'mobile_wallet', 'wallet', secret]) {
      for (const member of members) {
        const billing_data = {
          first_name: `${secret}\t`,
          email: secret,
          phone_number: secret,
          address: { country: secret, city: `${secret}\n` },
        };
        const issues = issuesOf({ payout_method: { type, [member]: secret, account_holder: `${secret}\n` }, billing_data });
        expect(JSON.stringify(issues)).not.toContain('SECRET');
      }
    }
  });
});
