import { Inject, Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { Sealer } from '../platform/crypto/index.js';

/** 32 bytes in base64url. */
const FORM = /^[\w-]{43}$/;

/** Where a link leads on this server. */
export const linkPath = (token: string): string => `/pay/${token}`;

/**
 * What makes a payout link unguessable. The token is a keyed hash of the link's id, so that its merchant can be shown it again and
 * whoever reads the database can not: what lies there is the token's own hash, which it is found by.
 */
@Injectable()
export class LinkTokens {
  constructor(@Inject(Sealer) private readonly sealer: Sealer) {}

  /** What else is fingerprinted never begins like this. */
  tokenOf(linkId: string): string {
    return this.sealer.fingerprint(`payout link|${linkId}`).toString('base64url');
  }

  /** Null where it has not the form of a token. */
  hashOf(token: string): Buffer | null {
    return FORM.test(token) ? createHash('sha256').update(token).digest() : null;
  }
}
