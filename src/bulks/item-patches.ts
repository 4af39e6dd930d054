import { kernelProblem, pointerTo, type ProblemFinding } from '../platform/http/index.js';
import { isObject } from '../platform/json/index.js';
import { bulkProblem } from './bulk.problems.js';
import type { ItemPatch } from './edit-bulk.js';
import { ITEM_FIELDS, readNamed } from './intake-item.js';
import { refuseUnnamed } from './take-items.js';

/**
 * Reads the entries of an edit: objects that name a payout by its `reference`, each once.
 * @throws Problem, as a creation refuses items without a name of their own.
 */
export function readItemPatches(entries: readonly unknown[]): ItemPatch[] {
  const unnamed: ProblemFinding[] = [];
  const repeated: ProblemFinding[] = [];
  const seen = new Set<string>();
  const patches = entries.flatMap((entry, index) => {
    const pointer = `/items/${index}`;
    const named = readNamed(entry);
    if ('refusal' in named) {
      unnamed.push({ ...named.refusal, pointer: `${pointer}${named.refusal.pointer}` });
      return [];
    }
    const { reference, item } = named;
    if (seen.has(reference)) {
      const detail = 'Put all changes of one payout into one entry.';
      repeated.push({ pointer: `${pointer}/reference`, code: 'repeated_reference', detail });
    }
    seen.add(reference);
    const { reference: _name, ...patch } = item;
    return [{ reference, patch, pointer }];
  });
  refuseUnnamed(unnamed, repeated);
  return patches;
}

/** @throws `invalid_field` where the body of an edit of one payout is no object. */
export function readPayoutPatch(reference: string, body: unknown): ItemPatch {
  const patch = body === undefined ? {} : body;
  if (!isObject(patch)) {
    const detail = 'Send an object with the members that change.';
    throw kernelProblem('invalid_field', detail, { errors: [{ pointer: '', code: 'invalid_field', detail }] });
  }
  if (patch['reference'] !== undefined && patch['reference'] !== reference) {
    const detail = 'The reference of a payout can not be changed; leave it out.';
    throw bulkProblem('immutable_field', detail, { errors: [{ pointer: '/reference', code: 'immutable_field', detail }] });
  }
  const { reference: _same, ...changes } = patch;
  refuseUnknownMembers(changes);
  return { reference, patch: changes, pointer: '' };
}

/**
 * The body of this route is no item of a list: a member that no item has, or that answers only show, refuses it whole. Null is
 * taken: it removes an unknown member of the creation.
 * @throws `unknown_field`
 */
function refuseUnknownMembers(changes: Readonly<Record<string, unknown>>): void {
  const detail = 'A payout has no such field, or it can not be written; leave it out.';
  const errors = Object.entries(changes)
    .filter(([member, value]) => value !== null && !ITEM_FIELDS.has(member))
    .map(([member]) => ({ pointer: pointerTo('', member), code: 'unknown_field', detail }));
  if (errors.length > 0) throw kernelProblem('unknown_field', 'Nothing was changed: see errors.', { errors });
}
