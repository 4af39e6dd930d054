import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testApp } from '../support/app.js';
import { certificateAuthority, certificateFor, type KeyAndCertificate } from '../support/certificates.js';
import { validItems } from '../support/items.js';
import { OwnPostgres } from '../support/own-postgres.js';

let postgres: OwnPostgres;
let directory: string;
let authority: KeyAndCertificate;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tranche-tls-'));
  authority = await certificateAuthority();
  postgres = await OwnPostgres.open();
  const { key, cert } = await certificateFor('localhost', authority);
  // Written by the server into its own folder, for its account alone: it takes no key that others can read.
  for (const [name, text] of Object.entries({ 'server.key': key, 'server.crt': cert }))
    await postgres.administer(`COPY (SELECT regexp_split_to_table('${text}', '\\r?\\n')) TO PROGRAM 'umask 077; cat > ${name}'`);
  await postgres.administer('ALTER SYSTEM SET ssl = on', 'SELECT pg_reload_conf()');
});
afterAll(async () => {
  await postgres.close();
  rmSync(directory, { recursive: true, force: true });
});

const trusting = (name: string, { cert }: KeyAndCertificate): string => {
  const file = join(directory, `${name}.crt`);
  writeFileSync(file, cert);
  return `sslmode=verify-full&sslrootcert=${encodeURIComponent(file)}`;
};
const urlOf = (database: string, options: string): string =>
  `${postgres.url(database).replace('127.0.0.1', 'localhost')}?${options}`;

describe('A database behind TLS', () => {
  it('is used over TLS alone, by everything that connects to it', async () => {
    const database = await postgres.copy();
    const app = await testApp({ databaseUrl: urlOf(database, trusting('authority', authority)) });
    const merchant = await app.merchant();
    const bulk = await merchant.createBulk(validItems(20));
    await merchant.untilAtRest(bulk.id);
    const sessions = await postgres.read<{ ssl: boolean; sessions: number }>(
      database,
      `SELECT ssl, count(*)::integer AS sessions FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
       WHERE datname = current_database() AND pid <> pg_backend_pid() GROUP BY ssl`,
    );
    expect(sessions).toEqual([{ ssl: true, sessions: expect.any(Number) }]);
    await app.close();
  });

  it('that cannot prove who it is gets no word of ours', async () => {
    const databaseUrl = urlOf('postgres', trusting('stranger', await certificateAuthority()));
    await expect(testApp({ databaseUrl })).rejects.toThrow('certificate');
  });
});
