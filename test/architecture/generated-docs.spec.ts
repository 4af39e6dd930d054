import { expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './repository-files.js';

it('documents made from the code say what the code says', async () => {
  // From the sources, so that it needs no build; rejects with the names of those that have drifted.
  const flags = ['--disable-warning=ExperimentalWarning', '--import', join(ROOT, 'test/support/register-typescript.mjs')];
  const run = promisify(execFile)(process.execPath, [...flags, 'src/print-docs.ts', '--check'], { cwd: ROOT });
  await expect(run).resolves.toMatchObject({ stderr: '' });
});
