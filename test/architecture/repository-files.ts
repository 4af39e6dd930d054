import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const ROOT = new URL('../../', import.meta.url).pathname;

/** Made by commands and ignored by git. */
const NOT_OURS = new Set(['node_modules', 'dist', '.git', '.data', 'coverage']);

export interface RepositoryFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Every text file of the repository that a person wrote or a command wrote to be committed. */
export function repositoryFiles(): RepositoryFile[] {
  return readdirSync(ROOT, { recursive: false, withFileTypes: true })
    .filter(({ name }) => !NOT_OURS.has(name) && name !== '.env')
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(ROOT, entry.name)) : [join(ROOT, entry.name)]))
    .map((path) => ({ path: relative(ROOT, path).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') }));
}

const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
