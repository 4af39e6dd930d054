import { Injectable } from '@nestjs/common';
import { Sealer } from '../crypto/index.js';
import type { Tx } from '../database/index.js';
import { type RegisteredKey, registeredKeys, type TableRotation, tableRotations } from './encryption-key.repository.js';

/** What seals, what may still be sealed under older keys, and how far the way from these to that has been gone. */
export interface EncryptionStatus {
  readonly current: string;
  readonly keys: readonly RegisteredKey[];
  readonly tables: readonly TableRotation[];
}

@Injectable()
export class EncryptionKeyQueries {
  constructor(private readonly sealer: Sealer) {}

  async status(tx: Tx): Promise<EncryptionStatus> {
    const keys = await registeredKeys(tx);
    return { current: this.sealer.current, keys, tables: await tableRotations(tx) };
  }
}
