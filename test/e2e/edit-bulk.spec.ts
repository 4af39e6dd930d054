import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testApp, type TestApp } from '../support/app.js';
import {
  BILLING_DATA,
  inSeconds,
  invalidItem,
  METHODS,
  newReference,
  tomorrow,
  validItem,
  validItems,
} from '../support/items.js';
import type { Bulk, MerchantClient, Payout } from '../support/merchant-client.js';
import { expectSound } from '../support/soundness.js';

describe('Editing', () => {
  let app: TestApp;
  let merchant: MerchantClient;
  beforeAll(async () => {
    app = await testApp();
    merchant = await app.merchant();
  });
  afterAll(() => app.close());

  const waiting = (overrides: object = {}): ReturnType<typeof validItem> =>
    validItem({ scheduled_date: tomorrow(), ...overrides });

  it('mends what failed validation, and pays what was edited, not what was sent first', async () => {
    const bad = invalidItem({ amount: '10.00' });
    const good = waiting({ amount: '20.00' });
    const bulk = await merchant.createValidated([bad, good]);
    const edited = await merchant.patch<Bulk>(`/v1/bulks/${bulk.id}`, {
      items: [
        { reference: bad.reference, currency: 'EUR', amount: '11.00' },
        { reference: good.reference, amount: '21.5', scheduled_date: null },
      ],
    });
    expect([edited.status, edited.body.version]).toEqual([200, 2]);
    expect(edited.headers.get('etag')).toBe('"2"');
    expect(edited.body.totals).toEqual([{ currency: 'EUR', amount: '32.50', count: 2 }]);

    const payouts = await merchant.untilAtRest(bulk.id);
    expect(payouts.map(({ status, amount, version }) => [status, amount, version])).toEqual([
      ['PROCESSED', '11.00', 2],
      ['PROCESSED', '21.50', 2],
    ]);
    await expectSound(app, merchant);
  });

  it('of one payout answers the payout, which goes back to be validated', async () => {
    const bulk = await merchant.createValidated([waiting()]);
    const payout = await merchant.payoutOf(bulk.id);
    const edited = await merchant.patch<Payout>(`/v1/payouts/${payout.id}`, { amount: '99.9' });
    expect(edited.status).toBe(200);
    expect(edited.headers.get('etag')).toBe('"2"');
    expect(edited.body).toMatchObject({ id: payout.id, amount: '99.90', status: 'VALIDATION_PENDING', version: 2, issues: [] });
    const after = await merchant.untilPayout(payout.id, ({ status }) => status === 'SCHEDULED');
    expect(after.scheduled_at).toBe(payout.scheduled_at);
    const types = (await merchant.events(`/v1/payouts/${payout.id}/events`)).map(({ type }) => type);
    expect(types.slice(3)).toEqual(['payout.edited', 'payout.validation_in_progress', 'payout.scheduled']);
  });

  it.each(['application/json', 'application/merge-patch+json'])('takes %s', async (type) => {
    const bulk = await merchant.createValidated([waiting()]);
    const payout = await merchant.payoutOf(bulk.id);
    expect((await merchant.patch(`/v1/payouts/${payout.id}`, { amount: '1.00' }, { 'content-type': type })).status).toBe(200);
    await merchant.untilValidated(bulk.id);
    expect((await merchant.patch(`/v1/bulks/${bulk.id}`, { label: 'x' }, { 'content-type': type })).status).toBe(200);
  });

  it('merges member by member, and null removes', async () => {
    const item = waiting({ metadata: { keep: 'a', change: 'b', remove: 'c' } });
    const bulk = await merchant.createValidated([item]);
    const { id } = await merchant.payoutOf(bulk.id);
    await merchant.patch(`/v1/payouts/${id}`, {
      metadata: { change: 'B', remove: null, add: 'd' },
      billing_data: { email: null, address: { city: 'Potsdam', line1: null } },
    });
    const edited = await merchant.payout(id);
    expect(edited.metadata).toEqual({ keep: 'a', change: 'B', add: 'd' });
    const { email: _gone, ...rest } = BILLING_DATA;
    const { line1: _line, ...address } = BILLING_DATA.address;
    expect(edited.billing_data).toEqual({ ...rest, address: { ...address, city: 'Potsdam' } });
    expect(edited.payout_method).toMatchObject({ type: 'bank_account', account_holder: 'Ada Lovelace' });
  });

  it('replaces a payout method whole when its type is given, and merges it when not', async () => {
    const bulk = await merchant.createValidated([waiting()]);
    const { id } = await merchant.payoutOf(bulk.id);
    await merchant.patch(`/v1/payouts/${id}`, { payout_method: { account_holder: 'A. Lovelace' } });
    const merged = await merchant.untilPayout(id, ({ status }) => status === 'SCHEDULED');
    expect(merged.payout_method).toEqual({ ...METHODS.iban, iban: '••••3000', account_holder: 'A. Lovelace' });

    await merchant.patch(`/v1/payouts/${id}`, { payout_method: METHODS.wallet });
    const replaced = await merchant.untilPayout(id, ({ status }) => status === 'SCHEDULED');
    expect(replaced.payout_method).toEqual({ type: 'wallet', account_id: '••••fada' });
  });

  it('finds a masked value that is sent back, and takes the real one then', async () => {
    const bulk = await merchant.createValidated([waiting()]);
    const { id, payout_method } = await merchant.payoutOf(bulk.id);
    await merchant.patch(`/v1/payouts/${id}`, { payout_method });
    const failed = await merchant.untilPayout(id, ({ status }) => status === 'VALIDATION_FAILED');
    expect(failed.issues.map(({ code, pointer }) => [code, pointer])).toEqual([['masked_value', '/payout_method/iban']]);
    await merchant.patch(`/v1/payouts/${id}`, { payout_method: { iban: METHODS.iban.iban } });
    await merchant.untilPayout(id, ({ status }) => status === 'SCHEDULED');
  });

  it('validates again what is named by its reference alone', async () => {
    const item = waiting();
    const bulk = await merchant.createValidated([item, waiting()]);
    const edited = await merchant.patch<Bulk>(`/v1/bulks/${bulk.id}`, { items: [{ reference: item.reference }] });
    expect(edited.status).toBe(200);
    await merchant.untilValidated(bulk.id);
    const payouts = await merchant.payouts(bulk.id);
    expect(payouts.map(({ version, status }) => [version, status])).toEqual([
      [2, 'SCHEDULED'],
      [1, 'SCHEDULED'],
    ]);
  });

  it('takes the whole shape of a creation: items that are left out stay', async () => {
    const items = [waiting(), waiting(), waiting()];
    const reference = newReference('payroll');
    const body = { reference, invalid_items: 'hold', label: 'a', metadata: { a: 'b' }, items };
    const bulk = await merchant.createValidated(body);
    const edited = await merchant.patch<Bulk>(`/v1/bulks/${bulk.id}`, {
      ...body,
      label: 'b',
      items: [{ ...items[1], amount: '5.00' }],
    });
    expect([edited.status, edited.body.label, edited.body.item_count]).toEqual([200, 'b', 3]);
    await merchant.untilValidated(bulk.id);
    expect((await merchant.payouts(bulk.id)).map(({ amount, version }) => [amount, version])).toEqual([
      ['120.50', 1],
      ['5.00', 2],
      ['120.50', 1],
    ]);
  });

  it('takes null for what a creation takes null for', async () => {
    const body = { reference: null, invalid_items: null, label: null, metadata: null, control_totals: null };
    const items = [waiting()];
    const bulk = await merchant.createValidated({ ...body, items });
    const edited = await merchant.patch<Bulk>(`/v1/bulks/${bulk.id}`, { ...body, items });
    expect([edited.status, edited.body.invalid_items]).toEqual([200, 'hold']);
    const dropping = await merchant.createValidated({ invalid_items: 'drop', items: [waiting()] });
    const changed = await merchant.patch(`/v1/bulks/${dropping.id}`, body);
    expect([changed.status, changed.body.code, changed.body.errors?.[0]?.pointer]).toEqual([
      422,
      'immutable_field',
      '/invalid_items',
    ]);
  });

  it('changes label, metadata and webhook, and null removes them', async () => {
    const bulk = await merchant.createValidated({
      label: 'a',
      metadata: { a: 'b' },
      webhook_url: 'http://127.0.0.1:9/hooks',
      items: [waiting()],
    });
    const removed = await merchant.patch<Bulk>(`/v1/bulks/${bulk.id}`, { label: null, metadata: null, webhook_url: null });
    expect(removed.body).toMatchObject({ label: null, metadata: {}, webhook_url: null, version: 2, status: 'SCHEDULED' });
    const given = await merchant.patch<Bulk>(`/v1/bulks/${bulk.id}`, { label: 'c', metadata: { d: 'e', f: 'g', h: 'i' } });
    expect(given.body).toMatchObject({ label: 'c', metadata: { d: 'e', f: 'g', h: 'i' }, version: 3 });
    // Key by key, as a payout's.
    const merged = await merchant.patch<Bulk>(`/v1/bulks/${bulk.id}`, { metadata: { f: 'G', h: null } });
    expect(merged.body.metadata).toEqual({ d: 'e', f: 'G' });
    const long = await merchant.patch(`/v1/bulks/${bulk.id}`, { metadata: { d: 'x'.repeat(501) } });
    expect([long.status, long.body.code, long.body.errors?.[0]?.pointer]).toEqual([422, 'invalid_field', '/metadata']);
  });

  it('gives the bulk another date, which moves every payout that inherits it and no other', async () => {
    const own = inSeconds(50_000);
    const bulk = await merchant.createValidated({
      scheduled_date: inSeconds(40_000),
      items: [validItem(), validItem({ scheduled_date: own }), invalidItem()],
    });
    const date = inSeconds(60_000);
    await merchant.patch(`/v1/bulks/${bulk.id}`, { scheduled_date: date });
    const after = await merchant.untilValidated(bulk.id);
    expect([after.first_scheduled_at, after.last_scheduled_at]).toEqual([own, date]);
    const payouts = await merchant.payouts(bulk.id);
    expect(payouts.map(({ scheduled_at, version, scheduled_date }) => [scheduled_at, version, scheduled_date])).toEqual([
      [date, 2, null],
      [own, 1, own],
      [date, 2, null],
    ]);
  });

  it('lets a payout inherit the bulk’s date by null, and its zone', async () => {
    const day = inSeconds(86_400 * 10).slice(0, 10);
    const bulk = await merchant.createValidated({
      scheduled_date: day,
      timezone: 'Asia/Tokyo',
      items: [waiting({ timezone: 'Europe/London' })],
    });
    const { id } = await merchant.payoutOf(bulk.id);
    await merchant.patch(`/v1/payouts/${id}`, { scheduled_date: null, timezone: null });
    const after = await merchant.untilPayout(id, ({ status }) => status === 'SCHEDULED');
    expect(after.scheduled_at).toBe(`${day}T00:00:00.000Z`);
  });

  describe('all or nothing', () => {
    it('refuses unknown references and lists every one', async () => {
      const item = waiting();
      const bulk = await merchant.createValidated([item]);
      const answer = await merchant.patch(`/v1/bulks/${bulk.id}`, {
        label: 'changed',
        items: [{ reference: 'nobody' }, { reference: item.reference, amount: '1.00' }, { reference: 'nobody-2' }],
      });
      expect([answer.status, answer.body.code]).toEqual([422, 'unknown_reference']);
      expect(answer.body.errors?.map(({ pointer }) => pointer)).toEqual(['/items/0/reference', '/items/2/reference']);
      expect(await merchant.bulk(bulk.id)).toEqual(bulk);
    });

    it('refuses what can not be edited any more and lists every one', async () => {
      const paid = [validItem(), validItem()];
      const item = waiting();
      const bulk = await merchant.createBulk([...paid, item]);
      await merchant.untilBulk(bulk.id, ({ counts }) => counts['PROCESSED'] === 2);
      const before = await merchant.bulk(bulk.id);
      const answer = await merchant.patch(`/v1/bulks/${bulk.id}`, {
        label: 'changed',
        items: [paid[0], item, paid[1]].map((each) => ({ reference: each!.reference, amount: '1.00' })),
      });
      expect([answer.status, answer.body.code]).toEqual([409, 'payout_not_editable']);
      expect(answer.body.errors?.map(({ pointer }) => pointer)).toEqual(['/items/0', '/items/2']);
      expect(await merchant.bulk(bulk.id)).toEqual(before);

      const one = await merchant.patch(`/v1/payouts/${(await merchant.payouts(bulk.id))[0]!.id}`, { amount: '1.00' });
      expect([one.status, one.body.code]).toEqual([409, 'payout_not_editable']);
    });

    it('refuses to edit what is cancelled', async () => {
      const bulk = await merchant.createValidated([waiting()]);
      const { id } = await merchant.payoutOf(bulk.id);
      await merchant.post(`/v1/payouts/${id}/cancel`);
      expect((await merchant.patch(`/v1/payouts/${id}`, {})).body.code).toBe('payout_not_editable');
    });

    it.each([{ reference: 'another' }, { invalid_items: 'drop' }])('refuses to change what is immutable: %j', async (change) => {
      const bulk = await merchant.createValidated({ reference: newReference('payroll'), items: [waiting()] });
      const answer = await merchant.patch(`/v1/bulks/${bulk.id}`, { label: 'x', ...change });
      expect([answer.status, answer.body.code]).toEqual([422, 'immutable_field']);
      expect(answer.body.errors?.[0]?.pointer).toBe(`/${Object.keys(change)[0]!}`);
      expect(await merchant.bulk(bulk.id)).toEqual(bulk);
    });

    it('refuses to give one payout another reference', async () => {
      const bulk = await merchant.createValidated([waiting()]);
      const { id, reference } = await merchant.payoutOf(bulk.id);
      const answer = await merchant.patch(`/v1/payouts/${id}`, { reference: 'another' });
      expect([answer.status, answer.body.code]).toEqual([422, 'immutable_field']);
      expect((await merchant.patch(`/v1/payouts/${id}`, { reference })).status).toBe(200);
    });

    it('checks control totals over the whole bulk as it would be', async () => {
      const items = [waiting({ amount: '10.00' }), waiting({ amount: '20.00' })];
      const bulk = await merchant.createValidated(items);
      const edit = (amounts: object): object => ({
        control_totals: { count: 2, amounts },
        items: [{ reference: items[0]!.reference, amount: '15.00' }],
      });
      const wrong = await merchant.patch(`/v1/bulks/${bulk.id}`, edit({ EUR: '30.00' }));
      expect([wrong.status, wrong.body.code, wrong.body.errors?.[0]?.pointer]).toEqual([
        422,
        'control_totals_mismatch',
        '/control_totals/amounts/EUR',
      ]);
      expect(await merchant.bulk(bulk.id)).toEqual(bulk);
      expect((await merchant.patch(`/v1/bulks/${bulk.id}`, edit({ EUR: '35' }))).status).toBe(200);
    });

    it('refuses more entries than any bulk may have, unread', async () => {
      const bulk = await merchant.createValidated([waiting()]);
      const edit = (entries: number) =>
        merchant.patch(`/v1/bulks/${bulk.id}`, {
          items: Array.from({ length: entries }, (_, index) => ({ reference: `nobody-${String(index)}` })),
        });
      const [most, more] = [await edit(15_000), await edit(15_001)];
      expect([most.status, most.body.code, most.body.errors?.length]).toEqual([422, 'unknown_reference', 15_000]);
      expect([more.status, more.body.code, more.body.errors?.map(({ pointer }) => pointer)]).toEqual([
        422,
        'invalid_field',
        ['/items'],
      ]);
      expect(await merchant.bulk(bulk.id)).toEqual(bulk);
    });

    it('refuses two entries for one payout, and entries without a reference', async () => {
      const item = waiting();
      const bulk = await merchant.createValidated([item]);
      const twice = await merchant.patch(`/v1/bulks/${bulk.id}`, {
        items: [{ reference: item.reference }, { reference: item.reference }],
      });
      expect([twice.status, twice.body.code, twice.body.errors?.[0]]).toEqual([
        422,
        'repeated_reference',
        expect.objectContaining({ code: 'repeated_reference', pointer: '/items/1/reference' }),
      ]);
      const nameless = await merchant.patch(`/v1/bulks/${bulk.id}`, { items: [{ amount: '1.00' }, 7, { reference: '' }] });
      expect([nameless.status, nameless.body.code]).toEqual([422, 'invalid_reference']);
      expect(nameless.body.errors?.map(({ pointer, code }) => `${code} ${pointer}`)).toEqual([
        'missing_field /items/0/reference',
        'invalid_field /items/1',
        'invalid_field /items/2/reference',
      ]);
      expect(await merchant.bulk(bulk.id)).toEqual(bulk);
    });
  });

  it('finds in an edit what it would find in a creation, and changes nothing else', async () => {
    const item = waiting();
    const bulk = await merchant.createValidated([item, waiting()]);
    await merchant.patch(`/v1/bulks/${bulk.id}`, { items: [{ reference: item.reference, amount: 1, extra: true }] });
    await merchant.untilValidated(bulk.id);
    const payouts = await merchant.payouts(bulk.id);
    expect(payouts[0]?.issues.map(({ code, pointer }) => `${code} ${pointer}`).sort()).toEqual([
      'amount_not_a_string /amount',
      'unknown_field /extra',
    ]);
    expect(payouts[1]?.status).toBe('SCHEDULED');
    // The issues are gone with what caused them.
    await merchant.patch(`/v1/payouts/${payouts[0]!.id}`, { amount: '1.00', extra: null });
    await merchant.untilPayout(payouts[0]!.id, ({ status, issues }) => status === 'SCHEDULED' && issues.length === 0);
  });

  it('refuses an answer that is sent back whole, and changes nothing', async () => {
    const bulk = await merchant.createValidated([waiting()]);
    const [payout] = await merchant.payouts(bulk.id);
    const answer = await merchant.patch(`/v1/payouts/${payout!.id}`, payout);
    expect([answer.status, answer.body.code]).toEqual([422, 'unknown_field']);
    expect(answer.body.errors?.map(({ pointer }) => pointer)).toEqual(expect.arrayContaining(['/id', '/status', '/issues']));
    expect((await merchant.payouts(bulk.id))[0]).toEqual(payout);
  });

  it('compares the version that If-Match names, of the bulk or of the payout', async () => {
    const bulk = await merchant.createValidated(validItems(2, { scheduled_date: tomorrow() }));
    const [one, two] = await merchant.payouts(bulk.id);
    const stale = await merchant.patch(`/v1/payouts/${one!.id}`, { amount: '1.00' }, { 'if-match': '"2"' });
    expect([stale.status, stale.body.code]).toEqual([412, 'version_conflict']);
    expect(
      (await merchant.patch(`/v1/payouts/${one!.id}`, { amount: '1.00', currency: 'EUR' }, { 'if-match': '"1"' })).status,
    ).toBe(200);
    await merchant.untilValidated(bulk.id);

    const staleBulk = await merchant.patch(`/v1/bulks/${bulk.id}`, { label: 'x' }, { 'if-match': '"1"' });
    expect([staleBulk.status, staleBulk.body.code]).toEqual([412, 'version_conflict']);
    const current = (await merchant.get(`/v1/bulks/${bulk.id}`)).headers.get('etag')!;
    expect((await merchant.patch(`/v1/bulks/${bulk.id}`, { label: 'x' }, { 'if-match': current })).status).toBe(200);
    expect((await merchant.payout(two!.id)).version).toBe(1);
  });

  it('lets one of twenty win who edit the same version at once', async () => {
    const bulk = await merchant.createValidated([waiting()]);
    const { id } = await merchant.payoutOf(bulk.id);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        merchant.patch(`/v1/payouts/${id}`, { amount: `${String(index + 1)}.00` }, { 'if-match': '"1"' }),
      ),
    );
    const won = answers.findIndex(({ status }) => status === 200);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(412)]);
    const after = await merchant.untilPayout(id, ({ status }) => status === 'SCHEDULED');
    expect([after.amount, after.version]).toEqual([`${String(won + 1)}.00`, 2]);
  });

  it('tells what was changed, without any account, name or address', async () => {
    const bulk = await merchant.createValidated([waiting()]);
    const { id } = await merchant.payoutOf(bulk.id);
    await merchant.patch(`/v1/payouts/${id}`, {
      amount: '7.00',
      payout_method: { iban: 'GB82WEST12345698765432', bic: null, account_holder: 'Grace Hopper' },
      billing_data: { first_name: 'Grace' },
    });
    await merchant.untilPayout(id, ({ status }) => status === 'SCHEDULED');
    const events = await merchant.events(`/v1/payouts/${id}/events`);
    const edited = events.find(({ type }) => type === 'payout.edited');
    expect(JSON.stringify(edited)).toContain('"7.00"');
    expect(JSON.stringify(edited)).toContain('payout_method.iban');
    expect(JSON.stringify(events)).not.toMatch(/WEST|Grace|Hopper|3704/);
  });
});
