import { Inject, Injectable } from '@nestjs/common';
import { type Caller, CREDENTIALS, type Credentials } from '../platform/http/index.js';
import { fromTypeId } from '../platform/ids/index.js';

/** `Basic` and the base64 of id, colon and secret (RFC 7617). */
const BASIC = /^Basic +([A-Za-z0-9+/=]+)$/i;

/** The id and the secret that were shown as Basic, with the colon between them; null where none were. */
export function keyPairOf(authorization: string | undefined): string | null {
  const encoded = BASIC.exec(authorization ?? '')?.[1];
  const pair = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  return pair.includes(':') ? pair : null;
}

/** What clients of other services call id and secret: here those of one API key. */
@Injectable()
export class KeyPairs {
  constructor(@Inject(CREDENTIALS) private readonly credentials: Credentials) {}

  knows(pair: string): boolean {
    return this.credentials.knows(split(pair).secret);
  }

  /** An id with another key's secret is nobody's; so is an operator's key, which no other service knows. */
  async identify(pair: string): Promise<Caller> {
    const { id, secret } = split(pair);
    const caller = await this.credentials.identify(secret);
    return caller.kind === 'merchant' && caller.merchant.keyId === fromTypeId('key', id) ? caller : { kind: 'nobody' };
  }
}

/** The id has no colon (RFC 7617 section 2). */
function split(pair: string): { readonly id: string; readonly secret: string } {
  const colon = pair.indexOf(':');
  return { id: pair.slice(0, colon), secret: pair.slice(colon + 1) };
}
