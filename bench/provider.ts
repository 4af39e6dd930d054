import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The provider of provider.child.ts. */
export class BenchProvider {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
    readonly url: string,
    readonly token: string,
  ) {}

  static async start(): Promise<BenchProvider> {
    const child = spawn(
      process.execPath,
      ['--import', here('../test/support/register-typescript.mjs'), here('provider.child.ts')],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const { url, token } = await next<{ url: string; token: string }>(lines);
    return new BenchProvider(child, lines, url, token);
  }

  /** What it took since it was asked last: reference, and the instant on the clock of this machine in milliseconds. */
  async taken(): Promise<Map<string, number>> {
    this.child.stdin?.write('\n');
    return new Map(await next<[string, number][]>(this.lines));
  }

  end(): void {
    this.child.stdin?.end();
  }
}

async function next<Value>(lines: AsyncIterator<string>): Promise<Value> {
  const line = await lines.next();
  if (line.done === true) throw new Error('the provider of the bench has ended');
  return JSON.parse(line.value) as Value;
}
