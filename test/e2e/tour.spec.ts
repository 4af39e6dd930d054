import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { payoutLifecycle } from '../../src/bulks/index.js';
import { toMermaid } from '../../src/platform/lifecycle/index.js';
import { ROOT } from '../architecture/repository-files.js';
import { ApiClient } from '../support/api-client.js';
import { freePort } from '../support/free-port.js';
import { type MainProgram, mainProgram } from '../support/main-program.js';

const START_MS = 60_000;
/** The commands wait for states themselves; a state that never comes must not keep the run. */
const TOUR_MS = 120_000;
const END_OF_BLOCK = '---- end of block ----';

/** The tour as README.md prints it: each block of commands with what is shown below it, or null. */
async function readTour(): Promise<{ commands: string; answer: string | null }[]> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const tour = readme.slice(readme.indexOf('## A tour'), readme.indexOf('\n## ', readme.indexOf('## A tour') + 1));
  const blocks = [...tour.matchAll(/```(sh|json|text)\n([\s\S]*?)```/g)].map(([, kind, text = '']) => ({ kind, text }));
  return blocks.flatMap(({ kind, text }, index) => {
    if (kind !== 'sh') return [];
    const next = blocks[index + 1];
    return [{ commands: text, answer: next === undefined || next.kind === 'sh' ? null : next.text }];
  });
}

/** What differs from run to run: ids and instants. */
const timeless = (text: string): string =>
  text
    .replace(/_[0-9a-z]{26}\b/g, '_…')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '…')
    .trim();

/** Webhooks of different subjects arrive in no promised order. */
const sorted = (text: string): string => text.split('\n').sort().join('\n');

let folder: string;
let server: MainProgram;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tranche-tour-'));
  server = mainProgram({ DATA_DIR: folder });
  await server.ready;
}, START_MS);

afterAll(async () => {
  server.signal('SIGTERM');
  await server.ended;
  await rm(folder, { recursive: true, force: true });
}, START_MS);

describe('the start banner', () => {
  it('ends with a command that pays when it is pasted', async () => {
    const command = server.output().trim().split('\n').at(-1) ?? '';
    const { stdout } = await promisify(execFile)('sh', ['-ec', command]);
    expect(JSON.parse(stdout)).toMatchObject({ object: 'bulk', status: 'VALIDATION_PENDING', item_count: 1 });
  });
});

describe('the tour of README.md', () => {
  it(
    'runs as it is printed, and answers what is printed below it',
    async () => {
      const blocks = await readTour();
      // All in one pass: the port that stands in for one address may hold the digits of another.
      const here = new Map([
        ['http://127.0.0.1:3000', await server.ready],
        ['.data/', `${folder}/`],
        ['4000', String(await freePort())],
      ]);
      const script = blocks
        .map(({ commands }) => `${commands}\necho '${END_OF_BLOCK}'`)
        .join('\n')
        .replace(/http:\/\/127\.0\.0\.1:3000|\.data\/|4000/g, (printed) => here.get(printed) ?? printed);
      const { stdout } = await promisify(execFile)('sh', ['-ec', script], { cwd: ROOT, timeout: TOUR_MS });
      const answers = stdout.split(`${END_OF_BLOCK}\n`);
      const printed = blocks.map(({ answer }) => sorted(timeless(answer ?? '')));
      expect(answers.slice(0, -1).map((answer) => sorted(timeless(answer)))).toEqual(printed);
      // The client holds each to the catalogue: nobody does where they were delivered.
      const key = await readFile(join(folder, 'sandbox-merchant-key'), 'utf8');
      expect((await new ApiClient(await server.ready, key.trim()).get('/v1/events?limit=1000')).status).toBe(200);
    },
    TOUR_MS,
  );
});

describe('the picture of README.md', () => {
  it('is the lifecycle that the code has', async () => {
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
    expect(readme).toContain(`\`\`\`mermaid\n${toMermaid(payoutLifecycle)}\n\`\`\``);
  });
});
