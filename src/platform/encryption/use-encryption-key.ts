import { Injectable } from '@nestjs/common';
import { Sealer } from '../crypto/index.js';
import { Transactions } from '../database/index.js';
import { useKey } from './encryption-key.repository.js';

/** Says in the database that this process seals under its current key: as long as it does, no rotation retires that key. */
@Injectable()
export class UseEncryptionKey {
  constructor(
    private readonly transactions: Transactions,
    private readonly sealer: Sealer,
  ) {}

  async execute(): Promise<void> {
    await this.transactions.asEngine((tx) => useKey(tx, this.sealer.current));
  }
}
