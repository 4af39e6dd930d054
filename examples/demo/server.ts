import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Longer than the drain of the server, which ends by itself after 25 s. */
const STOP_MS = 30_000;

export interface Server {
  readonly url: string;
  readonly operatorKey: string;
  /** Where its database lies while it runs. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** The main program, built (`.js`) or from its sources (`.ts`), as this file is. */
const MAIN = fileURLToPath(new URL(`../../src/main${extname(import.meta.url)}`, import.meta.url));

/** Starts the real server as `npm start` does, with an embedded PostgreSQL in a fresh folder. */
export async function startServer(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'tranche-demo-'));
  const operatorKey = `demo-operator-${randomBytes(16).toString('hex')}`;
  const child = spawn(process.execPath, [...process.execArgv, MAIN], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...withoutSettings(process.env),
      PORT: process.env['PORT'] ?? '0',
      DATA_DIR: folder,
      OPERATOR_KEY: operatorKey,
      LOG_LEVEL: 'warn',
    },
  });
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { url: await urlOf(child), operatorKey, folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the shell sets for another Tranche (a database, roles) is not meant for the demo. */
const withoutSettings = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG'].map((name) => [name, environment[name]]));

/** Resolves when the server says where it listens; rejects with its own words where it ends before. */
function urlOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const listen = (chunk: Buffer): void => {
      output += chunk.toString();
      const url = /ready at (\S+)/.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('exit', (code) => {
      reject(new Error(`the server ended with ${String(code)}:\n${output}`));
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(late);
}
