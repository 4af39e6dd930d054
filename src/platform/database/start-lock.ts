import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { DatabaseUnusableError } from './database-unusable.error.js';

/** Longer than the slowest start we know (initdb on a slow disk plus crash recovery), so that waiting ends some day. */
const PATIENCE_MS = 180_000;
const RETRY_MS = 25;

/**
 * Runs the work while no other process of this machine runs work under the same name. The lock is a listening socket that
 * has no file (Linux: abstract, Windows: pipe), so the kernel frees it with its process however that dies. Elsewhere there
 * is none: the atomic rename after initdb and PostgreSQL's own lock file keep two starters apart there.
 */
export async function withStartLock<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const address = addressFor(name);
  if (address === null) return work();
  const lock = await acquire(address);
  try {
    return await work();
  } finally {
    await new Promise((resolve) => lock.close(resolve));
  }
}

function addressFor(name: string): string | null {
  const id = `tranche-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${id}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${id}` : null;
}

async function acquire(address: string): Promise<Server> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const server = await listen(address);
    if (server !== null) return server;
    if (Date.now() > until)
      throw new DatabaseUnusableError('another process has been starting the embedded PostgreSQL for minutes; stop it first');
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** @returns null where another process holds it. */
const listen = (address: string): Promise<Server | null> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(null) : reject(error)));
    server.listen(address, () => resolve(server));
  });
