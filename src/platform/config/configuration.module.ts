import { type DynamicModule, Module } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from './configuration.js';
import { START_BANNER, StartBanner } from './start-banner.js';

/** Gives every module the configuration and the start banner. */
@Module({})
export class ConfigurationModule {
  static for(configuration: Configuration): DynamicModule {
    return {
      module: ConfigurationModule,
      global: true,
      providers: [
        { provide: CONFIGURATION, useValue: configuration },
        { provide: START_BANNER, useValue: new StartBanner() },
      ],
      exports: [CONFIGURATION, START_BANNER],
    };
  }
}
