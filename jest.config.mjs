import { swcOptions } from './test/support/swc-options.mjs';

/**
 * Two suites in one run. `unit` is everything beside the code, the bench's included: pure, no database, milliseconds. `database` is
 * everything under test/: it starts one real PostgreSQL for the whole run. Jest calls the global setup of a project
 * only when one of its tests is selected, so `npx jest src/…` never waits for a database.
 */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: { '^.+\\.ts$': ['@swc/jest', swcOptions] },
};

export default {
  // Two, because the suites share their machine with the PostgreSQL server that they test against.
  maxWorkers: 2,
  // Ends what hangs, and asserts no speed: a machine may be as busy, and a disk as slow, as it likes.
  testTimeout: 300_000,
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  coverageProvider: 'v8',
  reporters: ['default', '<rootDir>/test/support/closing-line-reporter.mjs'],
  projects: [
    { ...shared, displayName: 'unit', testRegex: ['/(src|bench)/.*\\.spec\\.ts$'] },
    {
      ...shared,
      displayName: 'database',
      testRegex: ['/test/.*\\.spec\\.ts$'],
      globalSetup: '<rootDir>/test/support/global-setup.mjs',
      globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
    },
  ],
};
