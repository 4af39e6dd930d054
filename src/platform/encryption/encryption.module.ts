import { type DynamicModule, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type EncryptionKey, Sealer } from '../crypto/index.js';
import { EncryptionKeyQueries } from './encryption-key.queries.js';
import { EncryptionKeysController } from './encryption-keys.controller.js';
import { openSealer } from './open-sealer.js';
import { UseEncryptionKey } from './use-encryption-key.js';

/** One sealer for the whole process, its keys held against what the database is sealed under. Needs `DataSource` and `Transactions`. */
@Module({})
export class EncryptionModule {
  /** The first key seals; all of them open. */
  static for([current, ...older]: readonly EncryptionKey[]): DynamicModule {
    if (current === undefined) throw new Error('there is no encryption key');
    return {
      module: EncryptionModule,
      global: true,
      controllers: [EncryptionKeysController],
      providers: [
        { provide: Sealer, inject: [DataSource], useFactory: (line: DataSource) => openSealer(line, [current, ...older]) },
        UseEncryptionKey,
        EncryptionKeyQueries,
      ],
      exports: [Sealer, UseEncryptionKey],
    };
  }
}
