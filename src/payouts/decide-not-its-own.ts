import type { PayoutRow } from '../bulks/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { knowledgeOf } from './attempt-knowledge.js';
import { type Decision, giveUp } from './decide-outcome.js';
import type { IntentRow, PaymentHolder, PaymentName } from './payout-intent.repository.js';
import type { PaymentNames } from './provider-notification.repository.js';

/** What was decided of an intent, before it is written. */
export interface Decided {
  readonly payout: PayoutRow;
  readonly intent: IntentRow;
  readonly decision: Decision;
}

/** The name of a payment that its intent did not have before, by which the provider may have spoken of it already. */
export function newNameOf({ payout, intent, decision: { providerReference } }: Decided): PaymentNames[] {
  const { connector_id, idempotency_key } = intent;
  if (providerReference === undefined || intent.provider_reference === providerReference) return [];
  return [{ payout_id: payout.id, connector_id, provider_reference: providerReference, idempotency_key }];
}

/**
 * One payment pays one payout. Whose payment is that of another already was told of a payment that nobody made for it, by a
 * provider that says one thing of two orders: a person finds out which. Of two that come together the first has it. Pure.
 * @returns by the payout, what is to be written instead.
 */
export function decideNotItsOwn(decided: readonly Decided[], known: readonly PaymentHolder[]): ReadonlyMap<string, Decision> {
  const holders = new Map(known.map((holder) => [placeOf(holder), holder]));
  const instead = new Map<string, Decision>();
  for (const each of decided) {
    for (const name of newNameOf(each)) {
      const holder = holders.get(placeOf(name));
      if (holder === undefined) holders.set(placeOf(name), { ...name, merchant_id: each.intent.merchant_id });
      else instead.set(each.payout.id, ofAnother(each, holder));
    }
  }
  return instead;
}

/** Merchants may pay through one connector, and what one of them reads names no payout of another. */
function ofAnother({ payout, intent }: Decided, holder: PaymentHolder): Decision {
  const other = toTypeId('payout', holder.payout_id);
  const said = (whose: string) => `The provider names payment ${holder.provider_reference}, which is that of ${whose} already.`;
  const decision = giveUp(
    knowledgeOf(payout, intent),
    said(holder.merchant_id === intent.merchant_id ? other : 'a payout of another merchant'),
  );
  const { provider_reference } = holder;
  return { ...decision, stray: { provider_reference, kind: 'contradiction', detail: said(other) } };
}

const placeOf = ({ connector_id, provider_reference }: PaymentName): string => `${connector_id} ${provider_reference}`;
