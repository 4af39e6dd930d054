import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the key of the sandbox merchant is kept beside the embedded database, for its owner's eyes only. */
const FILE_NAME = 'sandbox-merchant-key';

/** @returns null where none was kept. */
export async function readSandboxKey(dataDir: string): Promise<string | null> {
  try {
    return (await readFile(join(dataDir, FILE_NAME), 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Written aside and renamed, so that a crash leaves the old key or the new one and never half of one. */
export async function keepSandboxKey(dataDir: string, key: string): Promise<void> {
  const path = join(dataDir, FILE_NAME);
  const aside = `${path}.${String(process.pid)}`;
  await writeFile(aside, `${key}\n`, { mode: 0o600, flush: true });
  await rename(aside, path);
}
