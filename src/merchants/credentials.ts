import { Inject, Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { Transactions, type Tx } from '../platform/database/index.js';
import type { Caller, Credentials } from '../platform/http/index.js';
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

const NOBODY: Caller = { kind: 'nobody' };
/** The key of the configuration: every scope, and no row to revoke. */
const ROOT: Caller = { kind: 'operator', operator: { keyId: null, scopes: null } };

interface Remembered {
  readonly keyId: string;
  readonly caller: Promise<Caller>;
  /** On the monotonic clock, counted from before the look-up was sent. */
  until_ms: number;
}

/** Who a bearer token speaks for. One look-up per key and 4 s, however many requests come with it. */
@Injectable()
export class KeyCredentials implements Credentials {
  /** By the hash of the whole key, because its id alone is no secret; by the id for what is signed with a secret of ours. */
  private readonly remembered = new Map<string, Remembered>();
  private readonly rootKeyHash: Buffer;
  private readonly mode: ApiKeyMode;

  constructor(
    private readonly transactions: Transactions,
    private readonly keys: ApiKeyRepository,
    private readonly usage: KeyUsage,
    @Inject(CONFIGURATION) configuration: Configuration,
  ) {
    this.rootKeyHash = hashApiKey(configuration.operatorKey);
    this.mode = apiKeyMode(configuration);
  }

  knows(bearer: string): boolean {
    const hash = hashApiKey(bearer);
    return this.isRootKey(hash) || this.remember(nameOf(hash)) !== null;
  }

  async identify(bearer: string): Promise<Caller> {
    const hash = hashApiKey(bearer);
    if (this.isRootKey(hash)) return ROOT;
    // What has not the form, the mode or the checksum of a key never reaches the database.
    const keyId = keyIdOf(bearer, this.mode) ?? keyIdOf(bearer, 'op');
    if (keyId === null) return NOBODY;
    return this.noted(
      keyId,
      this.recall(keyId, nameOf(hash), (tx) => this.keys.findValid(tx, hash)),
    );
  }

  identifyKey(keyId: string): Promise<Caller> {
    return this.noted(
      keyId,
      this.recall(keyId, keyId, (tx) => this.keys.findValidById(tx, keyId)),
    );
  }

  /** The next request with this key asks the database again. */
  forget(keyId: string): void {
    for (const [name, entry] of this.remembered) if (entry.keyId === keyId) this.remembered.delete(name);
  }

  /** Compares hashes, so that neither the time taken nor the length tells anything about the key. */
  private isRootKey(hash: Buffer): boolean {
    return timingSafeEqual(hash, this.rootKeyHash);
  }

  private async noted(keyId: string, found: Promise<Caller>): Promise<Caller> {
    const caller = await found;
    if (caller.kind !== 'nobody') this.usage.note(keyId);
    return caller;
  }

  private recall(keyId: string, name: string, find: (tx: Tx) => Promise<ValidApiKey | null>): Promise<Caller> {
    const known = this.remember(name);
    if (known !== null) return known.caller;

    const asked_ms = performance.now();
    const found = this.transactions.asEngine(find);
    const entry: Remembered = { keyId, until_ms: asked_ms + BELIEVED_MS, caller: found.then(toCaller) };
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
    return entry.caller;
  }

  private remember(name: string): Remembered | null {
    const entry = this.remembered.get(name);
    return entry !== undefined && performance.now() < entry.until_ms ? entry : null;
  }

  private drop(name: string, entry: Remembered): void {
    if (this.remembered.get(name) === entry) this.remembered.delete(name);
  }
}

function toCaller(key: ValidApiKey | null): Caller {
  if (key === null) return NOBODY;
  const { id: keyId, merchant_id, scopes, timezone } = key;
  if (merchant_id === null) return { kind: 'operator', operator: { keyId, scopes } };
  return { kind: 'merchant', merchant: { id: merchant_id, keyId, scopes, timezone } };
}

const nameOf = (hash: Buffer): string => hash.toString('base64');
