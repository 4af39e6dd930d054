import ipaddr from 'ipaddr.js';
import type { EncryptionKey } from '../crypto/index.js';

/**
 * Reads one variable's text.
 * @throws an Error whose message says what the value must be; it repeats no secret.
 */
export type Parser<Value> = (text: string) => Value;

export const integer =
  (least: number, most: number): Parser<number> =>
  (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) throw new Error(`must be a whole number from ${least} to ${most}`);
    return value;
  };

/** Zero or more, with decimals. */
export const seconds =
  (least: number, most: number): Parser<number> =>
  (text) => {
    const value = Number(text);
    if (!/^\d+(\.\d+)?$/.test(text) || value < least || value > most)
      throw new Error(`must be a number of seconds from ${least} to ${most}`);
    return value;
  };

export const boolean: Parser<boolean> = (text) => {
  if (text !== 'true' && text !== 'false') throw new Error('must be true or false');
  return text === 'true';
};

export const oneOf =
  <const Word extends string>(words: readonly Word[]): Parser<Word> =>
  (text) => {
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) throw new Error(`must be one of ${words.join(', ')}`);
    return word;
  };

/** Comma separated; spaces around an element do not count. */
export const listOf =
  <Value>(parse: Parser<Value>): Parser<readonly [Value, ...Value[]]> =>
  (text) => {
    const [first, ...rest] = text.split(',').map((element) => parse(element.trim()));
    return [first as Value, ...rest];
  };

export const anyText: Parser<string> = (text) => text;

export const postgresUrl: Parser<string> = (text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:')) {
    throw new Error('must be a URL like postgres://user:password@host:5432/database');
  }
  return text;
};

export const proxyUrl: Parser<string> = (text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  // Each half of a password is decoded before it is sent.
  const isDecodable = url !== null && !/%(?![0-9a-f]{2})/i.test(url.username + url.password);
  if (!isDecodable || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Error('must be a URL like http://user:password@host:3128');
  }
  return text;
};

export const httpUrl: Parser<string> = (text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '')
    throw new Error('must be a URL like http://127.0.0.1:4318');
  return text;
};

/** Scheme, host and port. */
export const origin: Parser<string> = (text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.href !== `${url.origin}/`)
    throw new Error('must be a scheme and a host like https://payouts.example.com, without a path');
  return url.origin;
};

/** Values may be percent-encoded, as OpenTelemetry has it. */
export const headers: Parser<Readonly<Record<string, string>>> = (text) =>
  Object.fromEntries(
    text.split(',').map((part) => {
      const [, name, value] = /^\s*([\w-]+)=([\x21-\x7e]+)\s*$/.exec(part) ?? [];
      if (name === undefined || value === undefined || /%(?![0-9a-f]{2})/i.test(value))
        throw new Error('must be headers like name=value, comma separated');
      return [name, decodeURIComponent(value)];
    }),
  );

export const ratio: Parser<number> = (text) => {
  const value = Number(text);
  if (!/^\d(\.\d+)?$/.test(text) || value > 1) throw new Error('must be a number from 0 to 1');
  return value;
};

/** Too short to be guessed is the operator's duty; this refuses what can not be sent as a bearer token, and slips. */
const OPERATOR_KEY_LENGTH_MIN = 8;

export const operatorKey: Parser<string> = (text) => {
  if (!/^[\x21-\x7e]+$/.test(text) || text.length < OPERATOR_KEY_LENGTH_MIN) {
    throw new Error(`must be at least ${OPERATOR_KEY_LENGTH_MIN} printable ASCII characters without spaces; take 32 random ones`);
  }
  return text;
};

const ENCRYPTION_KEY_BYTES = 32;

const encryptionKey: Parser<EncryptionKey> = (text) => {
  const [, id, base64] = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9+/]{43}=)$/.exec(text) ?? [];
  const bytes = Buffer.from(base64 ?? '', 'base64');
  if (id === undefined || bytes.length !== ENCRYPTION_KEY_BYTES) {
    throw new Error('must be id:base64 of 32 bytes, comma separated, the first one current');
  }
  return { id, bytes };
};

export const encryptionKeys: Parser<readonly [EncryptionKey, ...EncryptionKey[]]> = (text) => {
  const keys = listOf(encryptionKey)(text);
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw new Error('names a key id twice');
  return keys;
};

export const cidr: Parser<string> = (text) => {
  if (!ipaddr.isValidCIDR(text)) throw new Error('must be networks like 10.0.0.0/8 or fd00::/8, comma separated');
  return text;
};
