import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from './repository-files.js';

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

const CONFIGURATION = join(ROOT, '.dependency-cruiser.cjs');

/** Breaks of the rules in the tree below a folder. */
async function violationsIn(folder: string, among: readonly string[]): Promise<Violation[]> {
  const binary = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const output = await new Promise<string>((resolve) => {
    // The number of violations is the exit code: what counts is what was printed.
    execFile(
      process.execPath,
      [binary, '--config', CONFIGURATION, '--output-type', 'json', ...among],
      { cwd: folder, maxBuffer: 2 ** 28 },
      (_error, stdout) => resolve(stdout),
    );
  });
  return (JSON.parse(output) as { summary: { violations: Violation[] } }).summary.violations;
}

const sentence = ({ rule, from, to }: Violation): string => `${rule.name}: ${from} -> ${to}`;

it('nobody imports what the architecture forbids', async () => {
  const violations = await violationsIn(ROOT, ['src', 'migrations', 'test']);
  expect(violations.map(sentence)).toEqual([]);
});

/** One import that each rule has to find; the reasons stand in .dependency-cruiser.cjs. */
const planted: readonly [rule: string, from: string, to: string][] = [
  ['no-circle', 'src/bulks/first.ts', './second.js'],
  ['platform-looks-down', 'src/platform/time/clock.ts', '../../bulks/index.js'],
  ['webhooks-looks-down', 'src/webhooks/feature.ts', '../bulks/index.js'],
  ['connectors-looks-down', 'src/connectors/feature.ts', '../bulks/index.js'],
  ['bulks-looks-down', 'src/bulks/route.ts', '../connectors/index.js'],
  ['validation-looks-down', 'src/validation/pay.ts', '../payouts/index.js'],
  ['payouts-looks-down', 'src/payouts/judge.ts', '../validation/index.js'],
  ['merchants-looks-down', 'src/merchants/pay.ts', '../payouts/index.js'],
  ['reconciliation-looks-down', 'src/reconciliation/judge.ts', '../validation/index.js'],
  ['payout-links-looks-down', 'src/payout-links/pay.ts', '../payouts/index.js'],
  ['doors-looks-down', 'src/doors/start.ts', '../scheduler/index.js'],
  ['receivers-looks-down', 'src/receivers/start.ts', '../scheduler/index.js'],
  ['scheduler-looks-down', 'src/scheduler/open.ts', '../openapi/index.js'],
  ['openapi-looks-down', 'src/openapi/start.ts', '../scheduler/index.js'],
  ['doctor-stands-on-the-kernel', 'src/doctor/reach-inside.ts', '../bulks/index.js'],
  ['commands-are-clients', 'src/listen/reach-inside.ts', '../bulks/index.js'],
  ['module-by-its-index', 'src/payouts/reach-inside.ts', '../bulks/first.js'],
  ['module-by-its-index-from-the-root', 'src/app.module.ts', './bulks/first.js'],
  ['platform-by-its-index', 'src/bulks/clock.ts', '../platform/time/clock.js'],
  ['platform-parts-by-their-index', 'src/platform/http/clock.ts', '../time/clock.js'],
  ['controllers-see-no-repository', 'src/bulks/bulk.controller.ts', './bulk.repository.js'],
  ['entities-know-no-code', 'src/bulks/bulk.entity.ts', './bulk.repository.js'],
  ['pure-files-use-no-library-with-effects', 'src/bulks/bulk.lifecycle.ts', '@nestjs/common'],
  ['pure-files-do-no-input-or-output', 'src/validation/rules/amount.ts', 'node:fs'],
  ['pure-files-see-no-database', 'src/validation/rules/date.ts', '../../platform/database/index.js'],
  ['agenda-in-one-file', 'src/payouts/job.ts', 'agenda'],
  ['typeorm-where-rows-are', 'src/payouts/save.ts', 'typeorm'],
  ['driver-in-the-kernel', 'src/payouts/connect.ts', 'pg'],
  ['http-clients-in-clients', 'src/payouts/call.ts', 'undici'],
  ['sockets-in-clients-and-kernel', 'src/payouts/socket.ts', 'node:net'],
  ['product-knows-no-tests', 'src/payouts/fake.ts', '../../test/support/fake.js'],
  ['product-needs-no-development-packages', 'src/payouts/guess.ts', 'fast-check'],
  ['nothing-unlisted', 'src/payouts/luck.ts', 'unlisted'],
  ['nothing-unresolvable', 'src/payouts/nowhere.ts', './nowhere-at-all.js'],
];

describe('each rule finds the import that it forbids', () => {
  let violations: Violation[];
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tranche-boundaries-'));
    plantTree((path, text) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    });
    violations = await violationsIn(folder, ['src', 'test']);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(planted)('%s: %s may not import %s', (rule, from) => {
    expect(violations.filter((each) => each.from === from).map((each) => each.rule.name)).toContain(rule);
  });

  it('no-orphans: a file that nobody imports', () => {
    expect(violations.map(sentence)).toContain('no-orphans: src/bulks/orphan.ts -> src/bulks/orphan.ts');
  });

  it('every rule has its planted import', () => {
    const { forbidden } = createRequire(import.meta.url)(CONFIGURATION) as { forbidden: { name: string }[] };
    const found = new Set(violations.map(({ rule }) => rule.name));
    expect(forbidden.map(({ name }) => name).filter((name) => !found.has(name))).toEqual([]);
  });
});

function plantTree(plant: (path: string, text: string) => void): void {
  const packages = ['@nestjs/common', 'agenda', 'typeorm', 'pg', 'undici', 'fast-check', 'unlisted'];
  for (const name of packages) {
    plant(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    plant(`node_modules/${name}/index.js`, 'module.exports = {};\n');
  }
  const listed = packages.filter((name) => name !== 'fast-check' && name !== 'unlisted').map((name) => [name, '1.0.0'] as const);
  plant('package.json', JSON.stringify({ dependencies: Object.fromEntries(listed), devDependencies: { 'fast-check': '1.0.0' } }));
  plant('tsconfig.json', JSON.stringify({ compilerOptions: { module: 'nodenext', moduleResolution: 'nodenext' } }));
  for (const module of [
    'bulks',
    'connectors',
    'payouts',
    'validation',
    'scheduler',
    'openapi',
    'platform/time',
    'platform/database',
  ]) {
    plant(`src/${module}/index.ts`, 'export const index = 1;\n');
  }
  for (const path of ['src/bulks/bulk.repository.ts', 'src/bulks/orphan.ts', 'test/support/fake.ts'])
    plant(path, 'export const one = 1;\n');
  plant('src/bulks/second.ts', `import './first.js';\n`);
  for (const [, from, to] of planted) plant(from, `import '${to}';\nexport const one = 1;\n`);
}
