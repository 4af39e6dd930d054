import { Inject, Injectable } from '@nestjs/common';
import { createHash, timingSafeEqual } from 'node:crypto';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { Transactions } from '../platform/database/index.js';
import type { Credentials, MerchantPrincipal } from '../platform/http/index.js';
import { apiKeyMode, type ApiKeyMode, hashApiKey, keyIdOf } from './api-key-format.js';
import { ApiKeyRepository, type ValidApiKey } from './api-key.repository.js';
import { KeyUsage } from './key-usage.js';

/**
 * How long a key that was found valid is believed without asking again, in milliseconds. A revoked key has to die within
 * 5 s everywhere; the second between is for the look-up itself and for what stands in a queue before the answer is used.
 */
const BELIEVED_MS = 4_000;
/** Some 3 MB. Past it all is forgotten, which costs each key one look-up. */
const REMEMBERED_MAX = 10_000;

interface Remembered {
  readonly keyId: string;
  readonly principal: Promise<MerchantPrincipal | null>;
  /** On the monotonic clock, counted from before the look-up was sent. */
  until_ms: number;
}

/** Who a bearer token speaks for. One look-up per key and 4 s, however many requests come with it. */
@Injectable()
export class KeyCredentials implements Credentials {
  /** By the hash of the whole key: its id alone is no secret. */
  private readonly remembered = new Map<string, Remembered>();
  private readonly operatorKeyHash: Buffer;
  private readonly mode: ApiKeyMode;

  constructor(
    private readonly transactions: Transactions,
    private readonly keys: ApiKeyRepository,
    private readonly usage: KeyUsage,
    @Inject(CONFIGURATION) configuration: Configuration,
  ) {
    this.operatorKeyHash = sha256(configuration.operatorKey);
    this.mode = apiKeyMode(configuration);
  }

  /** Compares hashes, so that neither the time taken nor the length tells anything about the key. */
  operatorKey(bearer: string): boolean {
    return timingSafeEqual(sha256(bearer), this.operatorKeyHash);
  }

  async merchantKey(bearer: string): Promise<MerchantPrincipal | null> {
    // What has not the form, the mode or the checksum of a key never reaches the database.
    const keyId = keyIdOf(bearer, this.mode);
    if (keyId === null) return null;
    const principal = await this.recall(keyId, hashApiKey(bearer));
    if (principal !== null) this.usage.note(principal.keyId);
    return principal;
  }

  /** The next request with this key asks the database again. */
  forget(keyId: string): void {
    for (const [hash, entry] of this.remembered) if (entry.keyId === keyId) this.remembered.delete(hash);
  }

  private recall(keyId: string, hash: Buffer): Promise<MerchantPrincipal | null> {
    const name = hash.toString('base64');
    const asked_ms = performance.now();
    const known = this.remembered.get(name);
    if (known !== undefined && asked_ms < known.until_ms) return known.principal;

    const found = this.transactions.asEngine((tx) => this.keys.findValid(tx, hash));
    const entry: Remembered = { keyId, until_ms: asked_ms + BELIEVED_MS, principal: found.then(toPrincipal) };
    if (this.remembered.size >= REMEMBERED_MAX) this.remembered.clear();
    this.remembered.set(name, entry);
    void found.then(
      (key) => {
        // What is not valid is not remembered, so that made-up keys can not push out real ones for long.
        if (key === null) this.drop(name, entry);
        else entry.until_ms = Math.min(entry.until_ms, asked_ms + (key.expires_in_ms ?? Infinity));
      },
      () => {
        this.drop(name, entry);
      },
    );
    return entry.principal;
  }

  private drop(name: string, entry: Remembered): void {
    if (this.remembered.get(name) === entry) this.remembered.delete(name);
  }
}

const toPrincipal = (key: ValidApiKey | null): MerchantPrincipal | null =>
  key === null ? null : { id: key.merchant_id, keyId: key.id, scopes: key.scopes, timezone: key.timezone };

const sha256 = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();
