import { type DynamicModule, Module } from '@nestjs/common';
import { type EncryptionKey, Sealer } from './sealer.js';

/** One sealer for the whole process. */
@Module({})
export class CryptoModule {
  /** The first key seals; all of them open. */
  static for([current, ...older]: readonly EncryptionKey[]): DynamicModule {
    if (current === undefined) throw new Error('there is no encryption key');
    return {
      module: CryptoModule,
      global: true,
      providers: [{ provide: Sealer, useValue: new Sealer([current, ...older]) }],
      exports: [Sealer],
    };
  }
}
