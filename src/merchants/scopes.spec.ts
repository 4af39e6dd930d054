import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPERATOR_SCOPES, SCOPES } from './scopes.js';

const SOURCES = join(import.meta.dirname, '..');

/** Every scope that a route of ours names, with the file that names it. */
const named = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.controller.ts'))
  .flatMap((file) =>
    [...readFileSync(join(SOURCES, file), 'utf8').matchAll(/@Scopes\(([^)]*)\)/g)].flatMap(([, scopes = '']) =>
      [...scopes.matchAll(/'([^']+)'/g)].map(([, scope]) => ({ file, scope })),
    ),
  );

describe('the scopes of keys', () => {
  it('hold every scope that a route asks for, so that a key can be narrowed to it', () => {
    const known: readonly (string | undefined)[] = [...SCOPES, ...OPERATOR_SCOPES];
    expect(named.filter(({ scope }) => !known.includes(scope))).toEqual([]);
  });
});
