import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { CONFIGURATION, type Configuration } from '../config/index.js';
import { dataSourceOptions, type UrlOptions } from './data-source.js';
import { openEngine, openMerchants } from './database-doors.js';
import { inRole, WORKER_ROLE } from './roles.js';
import { MERCHANTS_DATA_SOURCE, Transactions } from './transactions.js';
import { WakeListener } from './wake.js';

const optionsOf = ({ databaseUrl, databasePoolSize }: Configuration): UrlOptions =>
  dataSourceOptions({ url: databaseUrl, poolSize: databasePoolSize });

/** The database for every module: the doors to it, transactions, and the ear for wakes. */
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(@Inject(MERCHANTS_DATA_SOURCE) private readonly merchants: DataSource) {}

  static forRoot(): DynamicModule {
    const typeOrm = TypeOrmModule.forRootAsync({
      inject: [CONFIGURATION],
      useFactory: (configuration: Configuration) => ({
        ...optionsOf(configuration),
        // Goes with the options to the factory below; TypeORM itself does not know it.
        apiUrl: configuration.databaseApiUrl,
        autoLoadEntities: true,
        // Opening waits for a database that is starting, and knows what waiting will not mend.
        toRetry: () => false,
      }),
      dataSourceFactory: (options) => {
        const { apiUrl, ...others } = options as UrlOptions & { readonly apiUrl: string | null };
        return openEngine(others, apiUrl);
      },
    });
    const merchants = {
      provide: MERCHANTS_DATA_SOURCE,
      inject: [DataSource, CONFIGURATION],
      useFactory: (engine: DataSource, configuration: Configuration) =>
        openMerchants(engine, optionsOf(configuration), configuration.databaseApiUrl),
    };
    return {
      module: DatabaseModule,
      global: true,
      imports: [typeOrm],
      providers: [
        merchants,
        Transactions,
        {
          provide: WakeListener,
          inject: [CONFIGURATION],
          useFactory: ({ databaseUrl }: Configuration) => new WakeListener(inRole(databaseUrl, WORKER_ROLE)),
        },
      ],
      exports: [typeOrm, merchants, Transactions, WakeListener],
    };
  }

  /** Beside TypeORM's own, which ends the engine's. */
  async onApplicationShutdown(): Promise<void> {
    await this.merchants.destroy();
  }
}
