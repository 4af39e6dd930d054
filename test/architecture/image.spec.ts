import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { mainProgram } from '../support/main-program.js';
import { createDatabase, dropDatabase } from '../support/test-database.js';
import { TEMPLATE_DATABASE } from '../support/test-server.js';
import { ROOT } from './repository-files.js';

interface Copy {
  /** The stage that it is taken from; null: the repository. */
  readonly from: string | null;
  readonly sources: readonly string[];
  readonly to: string;
}

interface Stage {
  readonly name: string;
  readonly copies: readonly Copy[];
  readonly lines: readonly string[];
}

const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replaceAll(/\\\n\s*/g, '');

const stages: readonly Stage[] = dockerfile
  .split(/^FROM /m)
  .slice(1)
  .map((text) => ({
    name: / AS (\w+)/.exec(text.split('\n')[0] ?? '')?.[1] ?? 'runtime',
    lines: text.split('\n'),
    copies: [...text.matchAll(/^COPY (?:--from=(\w+) )?(.+)$/gm)].map(([, from = null, words = '']) => {
      const named = words.split(' ');
      return { from, sources: named.slice(0, -1), to: named.at(-1) ?? '' };
    }),
  }));
const runtime = stages.find(({ name }) => name === 'runtime')!;

/** What a build is given: nothing but what `.dockerignore` lets in. */
const letIn = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('!'))
  .map((line) => line.slice(1));

/** Packages that `npm ci --omit=dev --omit=optional` installs, from the lock file. */
const production = Object.entries(
  (
    JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean }>;
    }
  ).packages,
)
  .filter(
    ([path, { dev, optional, devOptional }]) =>
      /^node_modules\/(?!.*node_modules)/.test(path) && !dev && !optional && !devOptional,
  )
  .map(([path]) => path);

/** What an instruction of the stage that runs calls, in Docker's exec form. */
const called = (instruction: RegExp): string[] =>
  JSON.parse(runtime.lines.map((line) => instruction.exec(line)?.[1]).find((found) => found !== undefined) ?? '[]') as string[];

describe('The image', () => {
  let folder: string;
  let databaseUrl: string;

  /** Its working directory, laid out as the last stage copies it. */
  beforeAll(async () => {
    if (!existsSync(join(ROOT, 'dist/src/main.js'))) await promisify(execFile)('npm', ['run', 'build'], { cwd: ROOT });
    databaseUrl = await createDatabase(TEMPLATE_DATABASE);
    folder = mkdtempSync(join(tmpdir(), 'tranche-image-'));
    for (const path of production) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      symlinkSync(join(ROOT, path), join(folder, path));
    }
    for (const { from, sources, to } of runtime.copies) {
      if (from === 'packages') continue;
      for (const source of sources) {
        const path = source.replace(/^\/app\//, '');
        // Of one source Docker takes the contents, of several the names.
        cpSync(join(ROOT, path), from === null ? join(folder, to, path.split('/').at(-1)!) : join(folder, to), {
          recursive: true,
        });
      }
    }
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await dropDatabase(databaseUrl);
  });

  it('copies what there is, and what the build is given', () => {
    const sources = stages.flatMap(({ copies }) => copies.filter(({ from }) => from === null).flatMap((copy) => copy.sources));
    expect(sources.length).toBeGreaterThan(10);
    expect(sources.filter((source) => !existsSync(join(ROOT, source)))).toEqual([]);
    expect(sources.filter((source) => !letIn.includes(source))).toEqual([]);
    expect(letIn.filter((path) => !sources.includes(path))).toEqual([]);
  });

  it('takes from the stages before only what they make', () => {
    const taken = runtime.copies.filter(({ from }) => from !== null).map(({ from, sources }) => [from, sources]);
    expect(taken).toEqual([
      ['packages', ['/app/node_modules']],
      ['build', ['/app/dist']],
    ]);
  });

  it('runs as somebody who can not change it, with no development packages', () => {
    expect(runtime.lines).toContain('USER node');
    expect(runtime.lines.findIndex((line) => line.startsWith('USER'))).toBeGreaterThan(
      runtime.lines.findLastIndex((line) => line.startsWith('COPY')),
    );
    expect(stages.find(({ name }) => name === 'packages')?.lines).toContain('RUN npm ci --omit=dev --omit=optional');
  });

  it('starts by its command from what it holds, says that it is well, and ends when it is asked to', async () => {
    const [node, ...given] = called(/^CMD (\[.*\])$/);
    const [prober, ...probe] = called(/^HEALTHCHECK .* CMD (\[.*\])$/);
    expect([node, prober]).toEqual(['node', 'node']);
    // So that a package is looked for in the folder, and not where its link leads: a development package would be found there.
    const preserving = ['--preserve-symlinks', '--preserve-symlinks-main'];
    const program = mainProgram(
      {
        ...{
          NODE_ENV: 'production',
          DATABASE_URL: databaseUrl,
          SANDBOX: 'true',
          OPERATOR_KEY: 'operator_key_of_the_image_of_this_test',
        },
        ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
      },
      { command: [...preserving, ...given], cwd: folder },
    );
    try {
      const url = await program.ready;
      const paths = ['/healthz', '/readyz', '/openapi.json', '/paypal/openapi.json', '/dots/openapi.json', '/docs'];
      for (const path of paths) expect([path, (await fetch(url + path)).status]).toEqual([path, 200]);
      const prove = promisify(execFile)(process.execPath, probe, { env: { ...process.env, PORT: new URL(url).port } });
      await expect(prove).resolves.toBeDefined();
    } finally {
      program.signal('SIGTERM');
      expect(await program.ended).toBe(0);
    }
  });
});
