import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSourceOptions } from 'typeorm';
import { CONFIGURATION, type Configuration } from '../config/index.js';
import { dataSourceOptions, openDataSource } from './data-source.js';
import { Transactions } from './transactions.js';
import { WakeListener } from './wake.js';

/** The database for every module: the migrated data source, transactions, and the ear for wakes. */
@Module({})
export class DatabaseModule {
  static forRoot(): DynamicModule {
    const typeOrm = TypeOrmModule.forRootAsync({
      inject: [CONFIGURATION],
      useFactory: (configuration: Configuration) => ({
        ...dataSourceOptions({ url: configuration.databaseUrl, poolSize: configuration.databasePoolSize }),
        autoLoadEntities: true,
        // openDataSource waits for a database that is starting, and knows what waiting will not mend.
        toRetry: () => false,
      }),
      dataSourceFactory: (options) => openDataSource(options as DataSourceOptions),
    });
    return {
      module: DatabaseModule,
      global: true,
      imports: [typeOrm],
      providers: [
        Transactions,
        {
          provide: WakeListener,
          inject: [CONFIGURATION],
          useFactory: ({ databaseUrl }: Configuration) => new WakeListener(databaseUrl),
        },
      ],
      exports: [typeOrm, Transactions, WakeListener],
    };
  }
}
