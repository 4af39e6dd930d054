import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataSourceOptions } from './data-source.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';
import { openDataSource } from './migrate.js';
import { dumpSchema } from './schema-dump.js';

const FILE = 'migrations/schema.sql';

/** Writes the schema's dump, or with `--check` fails where the file is not what the migrations make. */
async function main(): Promise<void> {
  const schema = await schemaOfFreshDatabase();
  if (!process.argv.includes('--check')) return writeFile(FILE, schema);
  if ((await readFile(FILE, 'utf8')) !== schema) {
    process.stderr.write(`${FILE} is not what the migrations make: run \`npm run docs\` and commit it\n`);
    process.exitCode = 1;
  }
}

async function schemaOfFreshDatabase(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tranche-schema-'));
  // As root the server runs under another account, which has to pass through.
  await chmod(directory, 0o711);
  const database = await startEmbeddedPostgres({
    dataDirectory: directory,
    settings: { fsync: 'off' },
    initdbOptions: ['--no-sync'],
  });
  try {
    const dataSource = await openDataSource(dataSourceOptions({ url: database.url, poolSize: 2 }));
    const schema = await dumpSchema(dataSource);
    await dataSource.destroy();
    return schema;
  } finally {
    await database.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

await main();
