import { isUtf8 } from 'node:buffer';
import { pointerTo } from './json-pointer.js';
import { kernelProblem } from './kernel.problems.js';

/** Deeper than any body of ours, shallow enough that whatever walks a parsed body may do so by recursion. */
const DEPTH_MAX = 100;
/** More than any object of ours, few enough that whatever compares members with each other may do so. */
const MEMBERS_MAX = 1_000;

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const ARRAY_START = 0x5b;
const ARRAY_END = 0x5d;
const OBJECT_START = 0x7b;
const OBJECT_END = 0x7d;

/**
 * JSON as RFC 8259 wants it and `JSON.parse` does not insist on: valid UTF-8, bounded depth and width, no key twice in an object.
 * A repeated key leaves the parsed value with fewer keys than the text has colons, so two fast counts find it; only
 * then is the text walked with care, to say where. `__proto__` is an own property like any other in what comes back.
 * @throws `malformed_json`, `duplicate_key`
 */
export function parseStrictJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw kernelProblem('malformed_json', 'The body is not valid UTF-8.');
  const text = bytes.toString('utf8');
  // Before parsing: a body of brackets alone would take a hundred times its size in memory.
  const members = countMembers(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message repeats a part of the body.
    throw kernelProblem('malformed_json', 'The body is not valid JSON.');
  }
  if (countKeys(value) !== members) {
    const pointer = new DuplicateKeyWalk(text).find();
    throw kernelProblem('duplicate_key', 'An object of the body has the same key twice. Send it once.', {
      errors: [{ pointer, code: 'duplicate_key', detail: 'This key stands here more than once.' }],
    });
  }
  return value;
}

/**
 * How many members the objects of a JSON text have together, in one pass that skips strings. Harmless on text that is no JSON.
 * @throws `malformed_json` where it is too deep, or one object too wide
 */
function countMembers(text: string): number {
  const around: number[] = [];
  let inThis = 0;
  let inAll = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === QUOTE) at = endOfString(text, at);
    else if (character === COLON) {
      inAll += 1;
      inThis += 1;
      if (inThis > MEMBERS_MAX)
        throw kernelProblem('malformed_json', `An object of the body has more than ${String(MEMBERS_MAX)} members.`);
    } else if (character === OBJECT_START || character === ARRAY_START) {
      around.push(inThis);
      inThis = 0;
      if (around.length > DEPTH_MAX)
        throw kernelProblem('malformed_json', `The body is nested more than ${String(DEPTH_MAX)} levels deep.`);
    } else if (character === OBJECT_END || character === ARRAY_END) inThis = around.pop() ?? 0;
  }
  return inAll;
}

/** Where the string that starts at `start` ends: its closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at += 1) {
    at = text.indexOf('"', at);
    if (at === -1) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
}

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const element of value) count += countKeys(element);
    return count;
  }
  for (const key of Object.keys(value)) count += 1 + countKeys((value as Record<string, unknown>)[key]);
  return count;
}

/** Walks a text that is known to be valid JSON to the first key that its object has already. */
class DuplicateKeyWalk {
  private at = 0;

  constructor(private readonly text: string) {}

  /** @returns the JSON Pointer of the repeated key. */
  find(): string {
    const pointer = this.inValue('');
    if (pointer === null) throw new Error('the counts of keys differ and no key is repeated');
    return pointer;
  }

  private inValue(pointer: string): string | null {
    this.skipSpace();
    const character = this.text.charCodeAt(this.at);
    if (character === OBJECT_START) return this.inObject(pointer);
    if (character === ARRAY_START) return this.inArray(pointer);
    if (character === QUOTE) this.at = endOfString(this.text, this.at) + 1;
    else this.skipTo(/[,\]}\s]|$/g);
    return null;
  }

  private inObject(pointer: string): string | null {
    const keys = new Set<string>();
    this.at += 1;
    this.skipSpace();
    while (this.text.charCodeAt(this.at) !== OBJECT_END) {
      const end = endOfString(this.text, this.at) + 1;
      // Unescaped, so that "a" and "\u0061" are the same key.
      const key = JSON.parse(this.text.slice(this.at, end)) as string;
      if (keys.has(key)) return pointerTo(pointer, key);
      keys.add(key);
      this.at = end;
      this.skipSpace();
      this.at += 1;
      const found = this.inValue(pointerTo(pointer, key));
      if (found !== null) return found;
      this.skipComma();
    }
    this.at += 1;
    return null;
  }

  private inArray(pointer: string): string | null {
    this.at += 1;
    this.skipSpace();
    for (let index = 0; this.text.charCodeAt(this.at) !== ARRAY_END; index += 1) {
      const found = this.inValue(pointerTo(pointer, index));
      if (found !== null) return found;
      this.skipComma();
    }
    this.at += 1;
    return null;
  }

  private skipComma(): void {
    this.skipSpace();
    if (this.text[this.at] === ',') this.at += 1;
    this.skipSpace();
  }

  private skipSpace(): void {
    this.skipTo(/[^ \t\n\r]|$/g);
  }

  private skipTo(pattern: RegExp): void {
    pattern.lastIndex = this.at;
    this.at = pattern.exec(this.text)?.index ?? this.text.length;
  }
}
