import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/**
 * A process of its own, so that its work is not the engine's, that says first where it is, answers each line with a line,
 * and ends with its input.
 */
export class LineChild {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
  ) {}

  static start(file: string, ...options: readonly string[]): LineChild {
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        '--import',
        here('../../test/support/register-typescript.mjs'),
        here(file),
        ...options,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    return new LineChild(child, createInterface(child.stdout)[Symbol.asyncIterator]());
  }

  async next<Value>(): Promise<Value> {
    const line = await this.lines.next();
    if (line.done === true) throw new Error('a process of the bench has ended');
    return JSON.parse(line.value) as Value;
  }

  ask<Value>(question = ''): Promise<Value> {
    this.child.stdin?.write(`${question}\n`);
    return this.next<Value>();
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  end(): void {
    this.child.stdin?.end();
  }
}
