import { Inject, Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { CONFIGURATION, type Configuration } from '../../platform/config/index.js';
import { Sealer } from '../../platform/crypto/index.js';
import { fromTypeId, toTypeId } from '../../platform/ids/index.js';

/** The id of the key, the second at which the token ends, and a keyed hash of the two. */
const FORM = /^A21AA([0-9a-z]{26})([0-9a-f]{8})([\w-]{43})$/;

const SECOND_MS = 1000;

/**
 * What a client of PayPal gets in exchange for its id and secret. It holds no secret of the merchant's and is kept nowhere:
 * it says whose key it stands for and until when, and nobody but us can write that. The key is asked for with every request,
 * so a token dies with its key.
 */
@Injectable()
export class AccessTokens {
  constructor(
    @Inject(Sealer) private readonly sealer: Sealer,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** In seconds. */
  get lifetime_s(): number {
    return this.configuration.paypalTokenTtl_s;
  }

  issue(keyId: string): string {
    const ends_s = Math.floor(Date.now() / SECOND_MS) + this.lifetime_s;
    const claim = `${toTypeId('key', keyId).slice('key_'.length)}${ends_s.toString(16).padStart(8, '0')}`;
    return `A21AA${claim}${this.sealer.fingerprint(placeOf(claim)).toString('base64url')}`;
  }

  /** The uuid of the key that the token stands for; null where it is none of ours, was changed or has ended. */
  keyIdOf(token: string): string | null {
    const [, id, ends, hash] = FORM.exec(token) ?? [];
    if (id === undefined || ends === undefined || hash === undefined) return null;
    if (!timingSafeEqual(Buffer.from(hash, 'base64url'), this.sealer.fingerprint(placeOf(id + ends)))) return null;
    return Number.parseInt(ends, 16) * SECOND_MS <= Date.now() ? null : fromTypeId('key', `key_${id}`);
  }
}

/** What else is fingerprinted never begins like this. */
const placeOf = (claim: string): string => `paypal access token|${claim}`;
