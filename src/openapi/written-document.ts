import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** From the build (`dist/src/openapi`), and from the sources. */
const FOLDERS = ['../../../docs/', '../../docs/'];

/**
 * An API document as `npm run docs` wrote it. It is served as it lies in the repository, and not made anew at every start,
 * because only a build has the comments that it is made of: so everybody reads the same text, however the process was
 * started, and what was reviewed is what is answered. `npm run docs:check` compares it with the code.
 */
export function readWrittenDocument(name: string): Buffer {
  const place = FOLDERS.map((folder) => fileURLToPath(new URL(folder + name, import.meta.url))).find((path) => existsSync(path));
  if (place === undefined) throw new Error(`docs/${name} is missing; it belongs beside dist/`);
  return readFileSync(place);
}
