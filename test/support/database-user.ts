import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Account } from '../../src/platform/database/postgres-binaries.js';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A process of ours that runs on the embedded database of a data directory. */
export interface DatabaseUser {
  readonly url: string;
  readonly notes: readonly string[];
  /** Ends like a process that is told to. */
  leave(): Promise<void>;
  /** Ends like a process that is killed, with everything else of its terminal. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();

export async function databaseUser(dataDirectory: string, account: Account = null): Promise<DatabaseUser> {
  const child = spawn(
    process.execPath,
    ['--import', here('register-typescript.mjs'), here('embedded-postgres.child.ts'), dataDirectory],
    {
      ...account,
      cwd: '/',
      // A process group of its own, to be killed as a terminal would.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] },
    },
  );
  running.add(child);
  const ended = once(child, 'exit').finally(() => running.delete(child));
  const complaints: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk.toString()));
  const line = await Promise.race([once(createInterface(child.stdout), 'line'), ended.then(() => null)]);
  if (line === null) throw new Error(`the process ended: ${complaints.join('')}`);
  const { url, notes } = JSON.parse(String(line[0])) as { url: string; notes: string[] };
  return {
    url,
    notes,
    leave: async () => {
      child.stdin.end();
      const [code] = (await ended) as [number];
      if (code !== 0) throw new Error(`the process ended with ${code}: ${complaints.join('')}`);
    },
    kill: async () => {
      process.kill(-groupOf(child), 'SIGKILL');
      await ended;
    },
  };
}

function groupOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the process never started');
  return child.pid;
}

/** What a test that failed has left behind. */
export function killDatabaseUsers(): void {
  for (const child of running) process.kill(-groupOf(child), 'SIGKILL');
}
