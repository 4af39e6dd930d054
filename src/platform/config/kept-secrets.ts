import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as parse from './parsers.js';

/** Made once for the embedded PostgreSQL and kept beside it, readable by its owner only. */
export const keptOperatorKey = (dataDir: string): string =>
  parse.operatorKey(keptSecret(dataDir, 'operator-key', () => `op_${randomBytes(32).toString('base64url')}`));

export const keptEncryptionKeys = (dataDir: string): ReturnType<typeof parse.encryptionKeys> =>
  parse.encryptionKeys(keptSecret(dataDir, 'encryption-keys', () => `k1:${randomBytes(32).toString('base64')}`));

/** What the file says; where there is none, it is made whole or not at all, and of two processes that make it one wins. */
export function keptSecret(dataDir: string, name: string, make: () => string): string {
  const file = join(dataDir, name);
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true, mode: 0o711 });
    const draft = `${file}.${randomBytes(6).toString('hex')}`;
    writeFileSync(draft, `${make()}\n`, { mode: 0o600, flush: true });
    try {
      linkSync(draft, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }
  return readFileSync(file, 'utf8').trim();
}
