import { isObject, type JsonMembers } from '../platform/json/index.js';
import { parseAmount } from '../platform/money/index.js';
import { givesType, intakeContent, issuesAfterEdit, type KeptContent } from './intake-item.js';
import { MASK } from './masking.js';
import { mergePatch } from './merge-patch.js';
import type { FieldChange, Issue, PayoutContent } from './payout-content.js';

/** The content after an edit, the issues about what could not be kept then and before, and the differences. */
export interface MergedItem extends KeptContent {
  readonly changed: FieldChange[];
}

/**
 * Merges one entry of an edit onto the content before it (RFC 7396): objects member by member, null removes, and a
 * `payout_method` whose type is given replaces the one before. The result is taken in like a new item, so that an edit can
 * bring in nothing that a create could not; its `reference` only names the payout.
 */
export function mergeItem(
  previous: { readonly content: PayoutContent; readonly issues: readonly Issue[] },
  patch: JsonMembers,
): MergedItem {
  const method = patch.payout_method;
  const kept = isObject(method) && givesType(method) ? { ...previous.content, payout_method: null } : previous.content;
  const { content, issues } = intakeContent(mergePatch(kept, patch));
  return {
    content,
    issues: [...issuesAfterEdit(previous.issues, patch), ...issues],
    changed: differences(previous.content, content),
  };
}

function differences(before: PayoutContent, after: PayoutContent): FieldChange[] {
  const from = valuesOf(before);
  const to = valuesOf(after);
  return [...new Set([...from.keys(), ...to.keys()])]
    .filter((field) => from.get(field) !== to.get(field))
    .map((field) => ({ field, from: shown(field, from.get(field)), to: shown(field, to.get(field)) }));
}

/** Every text of the content under its dotted path; `120.5` and `120.50` are the same amount. */
function valuesOf(content: PayoutContent): Map<string, string> {
  const values = new Map<string, string>();
  const collect = (value: unknown, path: string): void => {
    if (typeof value === 'string') values.set(path, value);
    else if (isObject(value))
      for (const [name, member] of Object.entries(value)) collect(member, path === '' ? name : `${path}.${name}`);
  };
  collect(content, '');
  const amount = content.amount === null || content.currency === null ? null : parseAmount(content.amount, content.currency);
  if (amount !== null && 'minor' in amount) values.set('amount', amount.canonical);
  return values;
}

/** As differences are kept: older ones show ends of account numbers. */
export const shownDifference = ({ field, from, to }: FieldChange): FieldChange => ({
  ...{ field, from: shown(field, from), to: shown(field, to) },
});

/** Differences are kept unsealed, and longer than the receiver's data: of that they say that there was something, and no part of it. */
function shown(field: string, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  return field !== 'payout_method.type' && /^(payout_method|billing_data)\./.test(field) ? MASK : value;
}
