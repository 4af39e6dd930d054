import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { signatureHeaders } from './signature.js';
import { newSigningSecret } from './signing-keys.js';

const content = (body = '{"type":"webhook.ping"}') => ({
  id: 'event_01h455vb4pex5vsknk084sn02q',
  timestamp_s: Math.floor(Date.now() / 1000),
  body: Buffer.from(body, 'utf8'),
});

describe('the signature of a delivery', () => {
  it("gives the specification's own example", () => {
    const headers = signatureHeaders(
      { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp_s: 1614265330, body: Buffer.from('{"test": 2432232314}') },
      ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    );
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
    expect(headers['webhook-timestamp']).toBe('1614265330');
  });

  it('satisfies the official verifier, whatever the bytes of the body', () => {
    const secret = newSigningSecret();
    const signed = content('{"name":"Åsa ☃ 😀","n":1.10}');
    const verified = new Webhook(secret).verify(signed.body, signatureHeaders(signed, [secret]));
    expect(verified).toEqual({ name: 'Åsa ☃ 😀', n: 1.1 });
  });

  it('signs with every secret, any of which satisfies the verifier', () => {
    const secrets = [newSigningSecret(), newSigningSecret(), newSigningSecret()];
    const headers = signatureHeaders(content(), secrets);
    expect(headers['webhook-signature']?.split(' ')).toHaveLength(3);
    for (const secret of secrets) expect(() => new Webhook(secret).verify(content().body, headers)).not.toThrow();
    expect(() => new Webhook(newSigningSecret()).verify(content().body, headers)).toThrow();
  });

  it('covers id, time and body', () => {
    const secret = newSigningSecret();
    const headers = signatureHeaders(content(), [secret]);
    const verifier = new Webhook(secret);
    expect(() => verifier.verify('{"type":"webhook.pong"}', headers)).toThrow();
    expect(() => verifier.verify(content().body, { ...headers, 'webhook-id': 'event_x' })).toThrow();
    expect(() =>
      verifier.verify(content().body, { ...headers, 'webhook-timestamp': String(content().timestamp_s - 1) }),
    ).toThrow();
  });
});
