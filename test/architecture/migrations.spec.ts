import { expect, it } from '@jest/globals';
import { repositoryFiles } from './repository-files.js';

/** Every migration up to here made the first schema; no version before it is in use anywhere. */
const FIRST_SCHEMA = '20261122000000';

/** What a process of the version before would stumble over, while it runs beside the one that has migrated. */
const BREAKS: readonly [found: RegExp, why: string][] = [
  [
    /\bDROP\s+(COLUMN|TABLE|FUNCTION|VIEW)\b/i,
    'the version before may still use it: drop it one version after the last that does',
  ],
  [/\bRENAME\b/i, 'the version before knows the old name: add the new one, write both, and drop the old one a version later'],
  [/\bALTER\s+COLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE\b/i, 'the version before reads and writes the old type: add a column'],
  [/\bSET\s+NOT\s+NULL\b/i, 'the version before may write none: wait until no version in use leaves it out'],
  [
    /\bADD\s+COLUMN\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:(?!,|;)[\s\S])*?\bNOT\s+NULL\b(?!(?:(?!,|;)[\s\S])*\b(DEFAULT|GENERATED)\b)(?<!\bDEFAULT\b(?:(?!,|;)[\s\S])*)/i,
    'the version before writes rows without it: give it a DEFAULT',
  ],
];

/** A statement is let through where the line before it says `-- contract:` and since which version nobody needs what goes. */
const contracted = (sql: string): string => sql.replace(/--\s*contract: .+\n[^;]*;/g, '');

/** By its name a process of a version before knows that it can not run here any more. */
const UNNAMED = 'it takes away what the version before uses: name it <stamp>-contract-<noun>.ts, and its class Contract…';

const faultsIn = (sql: string): string[] =>
  BREAKS.filter(([found]) => found.test(contracted(sql).replace(/--.*$/gm, ''))).map(([, why]) => why);

it('each migration leaves the version before it working, which runs beside it during an upgrade', () => {
  const faults = repositoryFiles()
    .filter(({ path }) => (/^migrations\/(\d+)-/.exec(path)?.[1] ?? '') > FIRST_SCHEMA)
    .flatMap(({ path, text }) => {
      const up = text.slice(text.indexOf('async up('), text.indexOf('async down('));
      const unnamed = /--\s*contract:/.test(up) && !/class Contract\w+/.test(text) ? [UNNAMED] : [];
      return [...faultsIn(up), ...unnamed].map((why) => `${path}: ${why}`);
    });
  expect(faults).toEqual([]);
});

it.each([
  'ALTER TABLE bulk DROP COLUMN label;',
  'DROP TABLE bulk;',
  'ALTER TABLE bulk RENAME COLUMN label TO name;',
  'ALTER TABLE bulk ALTER COLUMN label TYPE integer;',
  'ALTER TABLE bulk ALTER COLUMN label SET NOT NULL;',
  'ALTER TABLE bulk ADD COLUMN colour text NOT NULL;',
  'ALTER TABLE bulk ADD COLUMN shape text, ADD COLUMN colour text NOT NULL CHECK (true);',
])('%s is found', (sql) => {
  expect(faultsIn(sql)).toHaveLength(1);
});

it.each([
  'ALTER TABLE bulk ADD COLUMN colour text, ADD COLUMN size integer NOT NULL DEFAULT 1;',
  'ALTER TABLE bulk ADD COLUMN size integer DEFAULT 1 NOT NULL;',
  'CREATE TABLE colour (id uuid NOT NULL);',
  'DROP INDEX bulk_merchant_newest;',
  '-- contract: since 0.3.0 nothing reads it\nALTER TABLE bulk DROP COLUMN label;',
])('%s is let through', (sql) => {
  expect(faultsIn(sql)).toEqual([]);
});
