import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openStream } from '../support/event-stream.js';
import { createDatabase, dropDatabase } from '../support/index.js';
import { mainProgram } from '../support/main-program.js';
import { temporaryDirectory } from '../support/test-server.js';

// Whole programs with databases of their own start here, on a machine that may be busy.
const SECRETS = { OPERATOR_KEY: 'configured-operator-key', ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}` };

let root: string;
beforeEach(() => {
  root = temporaryDirectory('tranche-main-');
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('the program', () => {
  it('needs nothing but itself: it makes its database and its keys, and shows the made operator key at every start', async () => {
    const environment = { DATA_DIR: join(root, 'data') };
    const keys: unknown[] = [];
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const program = mainProgram(environment);
      const url = await program.ready;
      expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ status: 'ready' });
      keys.push(/Operator key (\S+)/.exec(program.output())?.[1]);
      program.signal(signal);
      expect(await program.ended).toBe(0);
      await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    }
    expect(keys).toEqual([expect.stringMatching(/^op_/), keys[0]]);
  });

  it('serves /readyz on a database of somebody else as a worker too, and never shows a configured operator key', async () => {
    const url = await createDatabase('template0');
    const program = mainProgram({ ...SECRETS, DATABASE_URL: url, ROLES: 'worker' });
    expect((await fetch(`${await program.ready}/readyz`)).status).toBe(200);
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
    expect(program.output() + program.complaints()).not.toContain(SECRETS.OPERATOR_KEY);
    await dropDatabase(url);
  });

  it('refuses to start and names every fault at once', async () => {
    const program = mainProgram({ DATABASE_URL: 'postgres://nobody@127.0.0.1/tranche', PORT: 'x', LEASE_S: '20' });
    expect(await program.ended).toBe(1);
    for (const name of ['PORT', 'LEASE_S', 'OPERATOR_KEY', 'ENCRYPTION_KEYS'])
      expect(program.complaints()).toMatch(new RegExp(`^ +${name} `, 'm'));
  });

  it('tells in one line that its database says no', async () => {
    const url = (await createDatabase('template0')).replace(/\/[^/]*$/, '/no_such_database');
    const program = mainProgram({ ...SECRETS, DATABASE_URL: url, LOG_LEVEL: 'silent' });
    expect(await program.ended).toBe(1);
    expect(program.complaints()).toBe(
      'Tranche does not start: the database can not be reached: database "no_such_database" does not exist\n',
    );
  });

  it('waits for a database that is still starting', async () => {
    const url = await createDatabase('template0');
    const late = await reluctantProxy(new URL(url), 3);
    const program = mainProgram({ ...SECRETS, DATABASE_URL: late.url });
    expect((await fetch(`${await program.ready}/readyz`)).status).toBe(200);
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
    late.close();
    await dropDatabase(url);
  });

  it('says which port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const program = mainProgram({ DATA_DIR: join(root, 'data'), PORT: String(port), LOG_LEVEL: 'silent' });
    expect(await program.ended).toBe(1);
    expect(program.complaints()).toBe(`Tranche does not start: port ${port} is taken; set PORT to a free one\n`);
    taken.close();
  });

  it('ends its event streams, and stops although a client holds its connection open, once however often it is asked', async () => {
    const program = mainProgram({ DATA_DIR: join(root, 'data'), DRAIN_TIMEOUT_S: '2' });
    const url = new URL(await program.ready);
    const key = readFileSync(join(root, 'data', 'sandbox-merchant-key'), 'utf8').trim();
    const stream = await openStream(new URL('/v1/events/stream', url).href, key);
    expect(stream.status).toBe(200);
    const client = connect(Number(url.port), url.hostname);
    client.on('error', () => undefined);
    client.write('POST /v1/bulks HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{');
    await once(client, 'connect');
    program.signal('SIGTERM');
    program.signal('SIGINT');
    // Whole, as an answer is that was finished: one that was cut would reject.
    await stream.ended;
    expect(await program.ended).toBe(0);
    client.destroy();
  });
});

/** A way to the target that ends the first connections without a word, as a server does that is about to come up. */
async function reluctantProxy(target: URL, refusals: number): Promise<{ url: string; close(): void }> {
  let refused = 0;
  const server = createServer((client) => {
    if (refused < refusals) {
      refused += 1;
      client.destroy();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const through = new URL(target);
  through.port = String((server.address() as AddressInfo).port);
  return { url: through.href, close: () => server.close() };
}
