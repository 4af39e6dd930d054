import { expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

interface Package {
  readonly version: string;
  readonly license?: string;
  readonly dev?: boolean;
}

/** Licences under which somebody else may be given what is built on them, without giving away its source. */
const ALLOWED = new Set([
  'Apache-2.0',
  'MIT',
  'X11',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'Unlicense',
  'CC0-1.0',
  'Python-2.0',
]);
/** Their manifests say it in a form of before 2015, which the lock file leaves out; read in their LICENSE. */
const READ_BY_HAND: Readonly<Record<string, string>> = { 'node_modules/busboy': 'MIT', 'node_modules/streamsearch': 'MIT' };

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Package> };

/** Of `MIT OR GPL-2.0` the better one is taken; of `MIT AND ISC` both bind. */
const isAllowed = (licence: string): boolean =>
  licence
    .replace(/[()]/g, '')
    .split(/ OR |\//i)
    .some((choice) => choice.split(/ AND /i).every((part) => ALLOWED.has(part)));

const shipped = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true);

it('the bill of materials (`npm run sbom`) has whatever ships, with its hash, and nothing else', () => {
  const { components } = JSON.parse(execFileSync('node', ['ops/print-sbom.mjs'], { encoding: 'utf8' })) as {
    components: { name: string; version: string; hashes?: object[] }[];
  };
  const named = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const installed = shipped.map(([path, { version }]) => `${path.split('node_modules/').at(-1) ?? ''}@${version}`);
  expect([...named].sort()).toEqual([...new Set(installed)].sort());
  expect(components.filter(({ hashes = [] }) => hashes.length === 0)).toEqual([]);
});

it('whatever ships is under a licence that lets it ship', () => {
  expect(shipped.length).toBeGreaterThan(100);
  expect(
    shipped
      .filter(([path, { license }]) => !isAllowed(license ?? READ_BY_HAND[path] ?? 'none'))
      .map(([path, { license }]) => `${path}: ${license ?? 'none'}`),
  ).toEqual([]);
});
