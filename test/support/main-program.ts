import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export interface MainProgram {
  readonly pid: number;
  /** Where it listens, once it does. Rejects where it ends before. */
  readonly ready: Promise<string>;
  /** What it has written so far. */
  output(): string;
  complaints(): string;
  signal(signal: NodeJS.Signals): void;
  /** Its exit code, or null where a signal ended it. */
  readonly ended: Promise<number | null>;
}

const MAIN = here('../../src/main.ts');
const fromSources = (program: string): readonly string[] => ['--import', here('register-typescript.mjs'), program];
const BUILD = ['--enable-source-maps', here('../../dist/src/main.js')];

interface ProgramOptions {
  /** From the build, as `npm start` does, instead of from the sources. */
  readonly built?: boolean;
  readonly nodeOptions?: readonly string[];
  /** Another one than the product's own. */
  readonly program?: string;
  /** What Node is given instead of all of these, and where. */
  readonly command?: readonly string[];
  readonly cwd?: string;
}

/** The whole program, with this environment and no other. */
export function mainProgram(environment: Readonly<Record<string, string>>, options: ProgramOptions = {}): MainProgram {
  const { built = false, nodeOptions = [], program = MAIN, cwd } = options;
  const command = options.command ?? [...nodeOptions, ...(built ? BUILD : fromSources(program))];
  const child = spawn(process.execPath, command, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], PORT: '0', LOG_LEVEL: 'warn', ...environment },
  });
  let output = '';
  let complaints = '';
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const url = /ready at (\S+)/.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    });
    void ended.then((code) => {
      reject(new Error(`it ended with ${String(code)}: ${complaints}`));
    });
  });
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  // Who only waits for its end does not ask whether it was ready.
  ready.catch(() => undefined);
  return {
    pid: child.pid ?? Number.NaN,
    ready,
    output: () => output,
    complaints: () => complaints,
    signal: (name) => child.kill(name),
    ended,
  };
}
