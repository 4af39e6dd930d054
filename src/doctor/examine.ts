import { existsSync } from 'node:fs';
import { access, constants, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ConfigurationError,
  keptEncryptionKeys,
  readConfiguration,
  type WrittenConfiguration,
} from '../platform/config/index.js';
import {
  contractionsAmong,
  DatabaseUnusableError,
  inspectDatabase,
  type InspectedDatabase,
  startEmbeddedPostgres,
} from '../platform/database/index.js';
import { fault, type Finding, warning, where } from './finding.js';
import { type Disk, judgeConfiguration } from './judge-configuration.js';
import { judgeEngine, readEngine } from './judge-engine.js';
import { judgeServer, readServer } from './judge-server.js';

/** One part of an installation, and what is wrong with it. */
export interface Examined {
  readonly about: 'configuration' | 'database' | 'migrations' | 'engine';
  readonly findings: readonly Finding[];
}

/** Looks at an installation from where one of its processes would run, with its environment. Changes nothing. */
export async function examine(environment: Readonly<Record<string, string | undefined>>): Promise<readonly Examined[]> {
  let configuration: WrittenConfiguration;
  try {
    configuration = readConfiguration(environment);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return [
      { about: 'configuration', findings: error.faults.map((says) => fault(says, 'See .env.example; no process starts so.')) },
    ];
  }
  const { dataDir, archiveDir, databaseIsEmbedded } = configuration;
  if (databaseIsEmbedded && !existsSync(join(dataDir, 'encryption-keys'))) {
    const nothing = fault(
      `There is no installation in ${dataDir}, and no DATABASE_URL.`,
      'Start one (npm start), or set DATABASE_URL or DATA_DIR.',
    );
    return [{ about: 'configuration', findings: [nothing] }];
  }
  const disks = await Promise.all(
    [archiveDir, databaseIsEmbedded ? dataDir : null].flatMap((path) => (path === null ? [] : [diskOf(path)])),
  );
  return [
    { about: 'configuration', findings: judgeConfiguration(configuration, { disks, openFilesMax: openFilesMax() }) },
    ...(await examineDatabase(configuration)),
  ];
}

async function diskOf(path: string): Promise<Disk> {
  try {
    await access(path, constants.W_OK);
    const { bavail, blocks } = await statfs(path);
    return { path, freeRatio: bavail / blocks };
  } catch {
    return { path, freeRatio: null };
  }
}

/** The hard limit: Node raises its own to that when it starts. Not told on Windows. */
function openFilesMax(): number | null {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { hard: number | 'unlimited' } } };
  const hard = userLimits?.open_files?.hard;
  return typeof hard === 'number' ? hard : null;
}

async function examineDatabase(configuration: WrittenConfiguration): Promise<readonly Examined[]> {
  const { databaseUrl, dataDir } = configuration;
  try {
    const embedded = databaseUrl === null ? await startEmbeddedPostgres({ dataDirectory: dataDir }) : null;
    try {
      return await inspectDatabase(embedded?.url ?? databaseUrl ?? '', (database) => examineInside(database, configuration));
    } finally {
      await embedded?.stop();
    }
  } catch (error) {
    if (!(error instanceof DatabaseUnusableError)) throw error;
    return [
      {
        about: 'database',
        findings: [
          fault(`${error.message}.`, 'Is the server up, and are host, port, name, user and password in DATABASE_URL right?'),
        ],
      },
    ];
  }
}

async function examineInside(database: InspectedDatabase, configuration: WrittenConfiguration): Promise<readonly Examined[]> {
  const { databaseIsEmbedded: embedded, sandbox, dataDir } = configuration;
  const server = await database.read(readServer);
  const { missing, unknown } = await database.migrations();
  const examined: Examined[] = [
    { about: 'database', findings: judgeServer(server, { embedded, now: new Date() }) },
    { about: 'migrations', findings: judgeMigrations(missing, unknown) },
  ];
  if (missing.length > 0) return examined;
  const keyIds = (configuration.encryptionKeys ?? keptEncryptionKeys(dataDir)).map(({ id }) => id);
  return [...examined, { about: 'engine', findings: judgeEngine(await database.readAsEngine(readEngine), { sandbox, keyIds }) }];
}

const judgeMigrations = (missing: readonly string[], unknown: readonly string[]): readonly Finding[] => [
  ...where(
    contractionsAmong(unknown).length > 0,
    fault(
      `A newer version has taken away what this one needs: ${contractionsAmong(unknown).join(', ')}.`,
      'Replace every process of this version; none starts again (docs/operations.md, Upgrade).',
    ),
  ),
  ...where(
    missing.length > 0,
    fault(
      `The database lacks ${missing.length} migrations: ${missing.join(', ')}.`,
      'Start one process of this version; it migrates.',
    ),
  ),
  ...where(
    unknown.length > 0,
    warning(
      `A newer version has been here: ${unknown.join(', ')}.`,
      'Finish the upgrade: start the newer version everywhere (docs/operations.md, Upgrade).',
    ),
  ),
];
