import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';

/** Standard Webhooks asks for 24 to 64. */
const SYMMETRIC_BYTES = 32;
/** Of each half of an ed25519 key (RFC 8032 5.1.5). */
const ED25519_BYTES = 32;
const SYMMETRIC = 'whsec_';
const PRIVATE = 'whsk_';
const PUBLIC = 'whpk_';

/** `whsec_` and standard base64: hex or base64url would break the official libraries. */
export const newSigningSecret = (): string => SYMMETRIC + randomBytes(SYMMETRIC_BYTES).toString('base64');

/**
 * A fresh ed25519 key as Standard Webhooks writes it: `whsk_` and base64 of seed and public key, 64 bytes.
 *
 * Both encodings (RFC 8410) end with these bytes. They are asked for with the key: Node 20 locks a key while it is exported as JWK, and
 * a garbage collection then, which locks it too where it has just been generated, stops the process for ever (once in some 40,000 keys).
 */
export function newSigningKey(): string {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  });
  const halves = [privateKey, publicKey].map((encoded) => encoded.subarray(-ED25519_BYTES));
  return PRIVATE + Buffer.concat(halves).toString('base64');
}

export const isAsymmetric = (secret: string): boolean => secret.startsWith(PRIVATE);

/** What receivers verify `v1a` with: `whpk_` and base64 of 32 bytes. */
export const publicKeyOf = (signingKey: string): string => PUBLIC + halvesOf(signingKey)[1].toString('base64');

export const symmetricKeyOf = (secret: string): Buffer =>
  Buffer.from(secret.startsWith(SYMMETRIC) ? secret.slice(SYMMETRIC.length) : secret, 'base64');

export function privateKeyOf(signingKey: string): KeyObject {
  const [seed, publicKey] = halvesOf(signingKey);
  const key = { kty: 'OKP', crv: 'Ed25519', d: seed.toString('base64url'), x: publicKey.toString('base64url') };
  return createPrivateKey({ key, format: 'jwk' });
}

function halvesOf(signingKey: string): readonly [seed: Buffer, publicKey: Buffer] {
  const bytes = Buffer.from(signingKey.slice(PRIVATE.length), 'base64');
  return [bytes.subarray(0, ED25519_BYTES), bytes.subarray(ED25519_BYTES)];
}
