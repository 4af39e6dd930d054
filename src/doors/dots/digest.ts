import { createHash } from 'node:crypto';
import { canonicalJson } from '../../platform/http/index.js';

/** Of what was asked for under a key, in one word, to tell another request under it from the same one again. */
export const digestOf = (asked: unknown): string => createHash('sha256').update(canonicalJson(asked)).digest('base64');
