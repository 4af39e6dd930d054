import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { notificationReader } from './http.notifications.js';

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;
const read = notificationReader(SECRET);
const DATA = { id: 'pay_1', idempotency_key: 'key-1', status: 'succeeded' };

function signed(
  body: string,
  { secret = SECRET, age_ms = 0 }: { secret?: string; age_ms?: number } = {},
): Record<string, string> {
  const at = new Date(Date.now() - age_ms);
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign('msg_1', at, body),
  };
}

const bodyOf = (data: unknown, type = 'payout_intent.updated'): string => JSON.stringify({ type, data });

describe("a provider's notification", () => {
  it('names its payment by the provider reference and by the key', () => {
    const body = bodyOf(DATA);
    expect(read(signed(body), Buffer.from(body))).toMatchObject({
      kind: 'update',
      notification: { providerReference: 'pay_1', idempotencyKey: 'key-1', payment: { status: 'succeeded', failure: null } },
    });
  });

  it('carries the reason of a failure and of a return', () => {
    for (const status of ['failed', 'returned']) {
      const body = bodyOf({ ...DATA, status, failure: { code: 'x', message: 'y', retryable: true } });
      expect(read(signed(body), Buffer.from(body))).toMatchObject({
        notification: { payment: { status, failure: { code: 'x', message: 'y', retryable: true } } },
      });
    }
  });

  it('is refused with another secret, with changed bytes, or unsigned', () => {
    const body = bodyOf(DATA);
    const signature = 'webhook-signature';
    expect(read(signed(body, { secret: OTHER }), Buffer.from(body))).toEqual({ kind: 'refused' });
    expect(read(signed(body), Buffer.from(`${body} `))).toEqual({ kind: 'refused' });
    expect(read({}, Buffer.from(body))).toEqual({ kind: 'refused' });
    for (const bad of ['', 'v1', 'v1,', 'v2,AAAA', 'nonsense'])
      expect(read({ ...signed(body), [signature]: bad }, Buffer.from(body))).toEqual({ kind: 'refused' });
  });

  it('is believed where one of several signatures is right, as while a secret is exchanged', () => {
    const body = bodyOf(DATA);
    const headers = signed(body);
    const both = {
      ...headers,
      'webhook-signature': `${signed(body, { secret: OTHER })['webhook-signature']} ${headers['webhook-signature']}`,
    };
    expect(read(both, Buffer.from(body))).toMatchObject({ kind: 'update' });
  });

  it('is refused when older or newer than five minutes', () => {
    const body = bodyOf(DATA);
    for (const age_ms of [310_000, -310_000])
      expect(read(signed(body, { age_ms }), Buffer.from(body))).toEqual({ kind: 'refused' });
    for (const age_ms of [290_000, -290_000])
      expect(read(signed(body, { age_ms }), Buffer.from(body))).toMatchObject({ kind: 'update' });
  });

  it('is refused in a form that can not be read, though signed', () => {
    for (const body of ['', 'x', '[]', bodyOf(null), bodyOf({ ...DATA, status: 'done' }), bodyOf({ ...DATA, id: 7 })]) {
      expect(read(signed(body), Buffer.from(body))).toEqual({ kind: 'refused' });
    }
  });

  it('is irrelevant where it is signed and of another type', () => {
    const body = bodyOf({}, 'account.updated');
    expect(read(signed(body), Buffer.from(body))).toEqual({ kind: 'irrelevant' });
  });
});
