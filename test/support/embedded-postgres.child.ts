import { once } from 'node:events';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';

/** A process of ours that uses the embedded database: says where it is, and stops it when its input ends. */
const database = await startEmbeddedPostgres({
  dataDirectory: process.argv[2] ?? '',
  settings: { fsync: 'off', shared_buffers: '16MB' },
  initdbOptions: ['--no-sync'],
});
process.stdout.write(`${JSON.stringify({ url: database.url, notes: database.notes })}\n`);
process.stdin.resume();
await once(process.stdin, 'end');
await database.stop();
