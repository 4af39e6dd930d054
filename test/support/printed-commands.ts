import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../architecture/repository-files.js';

/** The commands wait for states themselves; a state that never comes must not keep the run. */
const PRINTED_MAX_MS = 120_000;
const END_OF_BLOCK = '---- end of block ----';

/** A block of commands as a document prints it, with what is shown below it, or null. */
export interface PrintedBlock {
  readonly commands: string;
  readonly answer: string | null;
}

/** The blocks of one section. @param heading with its signs, such as `## A tour`. */
export async function readPrinted(document: string, heading: string): Promise<PrintedBlock[]> {
  const text = await readFile(join(ROOT, document), 'utf8');
  const start = text.indexOf(heading);
  if (start === -1) throw new Error(`${document} has no section ${heading}`);
  const end = text.indexOf(`\n${heading.split(' ')[0] ?? ''} `, start + 1);
  const section = text.slice(start, end === -1 ? undefined : end);
  const blocks = [...section.matchAll(/```(sh|json|text)\n([\s\S]*?)```/g)].map(([, kind, block = '']) => ({ kind, block }));
  return blocks.flatMap(({ kind, block }, index) => {
    if (kind !== 'sh') return [];
    const next = blocks[index + 1];
    return [{ commands: block, answer: next === undefined || next.kind === 'sh' ? null : next.block }];
  });
}

/**
 * Runs blocks in one shell, one behind the other. @returns what each has printed.
 * @param here what stands for what is printed, such as the address of the server.
 */
export async function runPrinted(blocks: readonly PrintedBlock[], here: ReadonlyMap<string, string>): Promise<string[]> {
  // All in one pass: the port that stands in for one address may hold the digits of another.
  const printed = new RegExp([...here.keys()].map((text) => text.replaceAll('.', '\\.')).join('|'), 'g');
  const script = blocks
    .map(({ commands }) => `${commands}\necho '${END_OF_BLOCK}'`)
    .join('\n')
    .replace(printed, (text) => here.get(text) ?? text);
  const { stdout } = await promisify(execFile)('sh', ['-ec', script], { cwd: ROOT, timeout: PRINTED_MAX_MS });
  return stdout.split(`${END_OF_BLOCK}\n`).slice(0, -1);
}
