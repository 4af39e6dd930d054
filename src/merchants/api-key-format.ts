import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { fromTypeId, toTypeId } from '../platform/ids/index.js';

/** Base62: no character that a shell, a URL or a double click would break the key at. */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_BYTES = 32;
/** 62^43 is the first power of 62 that holds 256 bits, 62^6 the first that holds the 32 of a CRC. */
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const FORM = /^tr_(test|live|op)_([0-9a-z]{26})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

/**
 * Keys of a sandbox say so, so that neither a person nor a secret scanner takes one for the other. Nor do we: where the
 * other kind of money moves a key opens nothing, also when SANDBOX of a database with merchants is changed.
 */
export type ApiKeyMode = 'test' | 'live';

/** What a key says of itself: of a merchant, where which money moves, or of an operator. */
export type ApiKeyKind = ApiKeyMode | 'op';

export const apiKeyMode = ({ sandbox }: { readonly sandbox: boolean }): ApiKeyMode => (sandbox ? 'test' : 'live');

/**
 * `tr_<kind>_<the 26 characters of its key_… id>_<256 random bits><checksum>`. The id tells which key to revoke when one
 * is found where it should not be; the checksum lets a scanner, and us, tell a key from a look-alike without a look-up.
 */
export function newApiKey(keyId: string, kind: ApiKeyKind): string {
  const secret = base62(BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`), SECRET_LENGTH);
  const body = `tr_${kind}_${toTypeId('key', keyId).slice('key_'.length)}_${secret}`;
  return body + checksum(body);
}

/** The id of the key that this text has the form of, or null where it can be no key of this kind. Says nothing about whether it is valid. */
export function keyIdOf(text: string, kind: ApiKeyKind): string | null {
  const [, written, id, , claimed] = FORM.exec(text) ?? [];
  if (id === undefined || written !== kind || claimed !== checksum(text.slice(0, -CHECKSUM_LENGTH))) return null;
  return fromTypeId('key', `key_${id}`);
}

/** What is stored of a key. 256 random bits can not be guessed, so a slow hash would protect nothing and cost every request. */
export const hashApiKey = (key: string): Buffer => createHash('sha256').update(key, 'utf8').digest();

const checksum = (body: string): string => base62(BigInt(crc32(body)), CHECKSUM_LENGTH);

function base62(value: bigint, length: number): string {
  let rest = value;
  let text = '';
  while (text.length < length) {
    text = ALPHABET.charAt(Number(rest % 62n)) + text;
    rest /= 62n;
  }
  return text;
}
