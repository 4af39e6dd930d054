import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptEncryptionKeys, keptOperatorKey, keptSecret } from './kept-secrets.js';

let dataDir: string;
beforeEach(() => {
  dataDir = join(mkdtempSync(join(tmpdir(), 'tranche-kept-')), 'data');
});
afterEach(() => rmSync(join(dataDir, '..'), { recursive: true }));

describe('secrets made for the embedded database', () => {
  it('are made once', () => {
    expect(keptOperatorKey(dataDir)).toBe(keptOperatorKey(dataDir));
    expect(keptEncryptionKeys(dataDir)).toEqual(keptEncryptionKeys(dataDir));
    expect(keptEncryptionKeys(dataDir)[0].bytes).toHaveLength(32);
  });

  it('are readable by their owner only, and leave no draft behind', () => {
    keptOperatorKey(dataDir);
    expect(readdirSync(dataDir)).toEqual(['operator-key']);
    expect(statSync(join(dataDir, 'operator-key')).mode & 0o777).toBe(0o600);
  });

  it('are those of whoever was first, when two make them at once', () => {
    const second = keptSecret(dataDir, 'name', () => {
      expect(keptSecret(dataDir, 'name', () => 'first')).toBe('first');
      return 'second';
    });
    expect(second).toBe('first');
  });
});
