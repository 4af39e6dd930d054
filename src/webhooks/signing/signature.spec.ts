import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createPublicKey, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { type SignedContent, signatureHeaders } from './signature.js';
import { newSigningKey, newSigningSecret, publicKeyOf } from './signing-keys.js';

const content = (body = '{"type":"webhook.ping"}'): SignedContent => ({
  id: 'event_01h455vb4pex5vsknk084sn02q',
  timestamp_s: Math.floor(Date.now() / 1000),
  body: Buffer.from(body, 'utf8'),
});

/** The two official packages. */
const VERIFIERS = [
  ['standardwebhooks', (secret: string) => new Webhook(secret)],
  ['svix', (secret: string) => new SvixWebhook(secret)],
] as const;

/** RFC 8410: what comes before the 32 bytes of an ed25519 key. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** As a receiver would write it, from the words of the specification alone. */
function verifiesAsymmetrically(publicKey: string, headers: Readonly<Record<string, string>>, body: Buffer): boolean {
  const bytes = Buffer.from(publicKey.slice('whpk_'.length), 'base64');
  const key = createPublicKey({ key: Buffer.concat([SPKI, bytes]), format: 'der', type: 'spki' });
  const signed = Buffer.concat([Buffer.from(`${headers['webhook-id'] ?? ''}.${headers['webhook-timestamp'] ?? ''}.`), body]);
  const signatures = (headers['webhook-signature'] ?? '').split(' ').filter((signature) => signature.startsWith('v1a,'));
  return signatures.some((signature) => verify(null, signed, key, Buffer.from(signature.slice('v1a,'.length), 'base64')));
}

describe('the signature of a delivery', () => {
  it("gives the specification's own example", () => {
    const headers = signatureHeaders(
      { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp_s: 1614265330, body: Buffer.from('{"test": 2432232314}') },
      ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    );
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
    expect(headers['webhook-timestamp']).toBe('1614265330');
  });

  it.each(VERIFIERS)('satisfies %s with every live secret during a rotation, and with no other', (_, verifier) => {
    const secrets = [newSigningSecret(), newSigningSecret(), newSigningSecret()];
    const headers = signatureHeaders(content(), secrets);
    expect(headers['webhook-signature']?.split(' ')).toHaveLength(3);
    for (const secret of secrets) expect(() => verifier(secret).verify(content().body, headers)).not.toThrow();
    expect(() => verifier(newSigningSecret()).verify(content().body, headers)).toThrow();
  });

  it.each(VERIFIERS)('satisfies %s whatever the body says, also with ed25519 beside', (_, verifier) => {
    const secret = newSigningSecret();
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), (body) => {
        const signed = content(JSON.stringify({ body, name: 'Åsa ☃ 😀' }));
        const headers = signatureHeaders(signed, [secret, newSigningKey()]);
        expect(verifier(secret).verify(signed.body, headers)).toEqual({ body, name: 'Åsa ☃ 😀' });
      }),
      { numRuns: 50 },
    );
  });

  it.each(VERIFIERS)('fails at %s when any byte of id, time, body or signature has changed', (_, verifier) => {
    const secret = newSigningSecret();
    const signed = content('{"name":"Åsa ☃ 😀","amount":"120.50"}');
    const good = signatureHeaders(signed, [secret]);
    const verifies = (headers: Record<string, string>, body: Buffer) => () => verifier(secret).verify(body, headers);
    expect(verifies(good, signed.body)).not.toThrow();
    fc.assert(
      fc.property(fc.nat(signed.body.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const body = Buffer.from(signed.body);
        body[at]! ^= change;
        expect(verifies(good, body)).toThrow();
      }),
    );
    // The last letter but one: base64 ends in bits that decode to nothing.
    const parts = fc.constantFrom('webhook-id', 'webhook-timestamp', 'webhook-signature');
    fc.assert(
      fc.property(parts, fc.nat(), fc.constantFrom('A', 'a', '0', 'Z', 'z', '9'), (name, place, letter) => {
        const text = good[name]!;
        const at = place % (text.length - 2);
        fc.pre(text[at] !== letter);
        expect(verifies({ ...good, [name]: text.slice(0, at) + letter + text.slice(at + 1) }, signed.body)).toThrow();
      }),
    );
    expect(verifies(good, Buffer.concat([signed.body, Buffer.from(' ')]))).toThrow();
  });
});

describe('the ed25519 signature beside it', () => {
  it('verifies with the public key over the same content, and with no other key or content', () => {
    const [current, replaced] = [newSigningKey(), newSigningKey()];
    const headers = signatureHeaders(content(), [newSigningSecret(), current, replaced]);
    for (const key of [current, replaced]) expect(verifiesAsymmetrically(publicKeyOf(key), headers, content().body)).toBe(true);
    expect(verifiesAsymmetrically(publicKeyOf(newSigningKey()), headers, content().body)).toBe(false);
    expect(verifiesAsymmetrically(publicKeyOf(current), headers, Buffer.from('{"type":"webhook.pong"}'))).toBe(false);
    expect(verifiesAsymmetrically(publicKeyOf(current), { ...headers, 'webhook-id': 'event_x' }, content().body)).toBe(false);
  });

  it('comes behind every v1, wherever its key stands in the list', () => {
    const headers = signatureHeaders(content(), [newSigningKey(), newSigningSecret(), newSigningKey(), newSigningSecret()]);
    const versions = headers['webhook-signature']?.split(' ').map((signature) => signature.split(',')[0]);
    expect(versions).toEqual(['v1', 'v1', 'v1a', 'v1a']);
  });

  it('is made with keys in the form of the specification, which no one finds in the public half', () => {
    const key = newSigningKey();
    expect(key).toMatch(/^whsk_[A-Za-z0-9+/]{86}==$/);
    expect(publicKeyOf(key)).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
    expect(newSigningKey()).not.toBe(key);
  });
});
