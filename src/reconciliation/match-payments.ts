import { Injectable } from '@nestjs/common';
import { type ListedPayment, RaiseStrayPayments, type StrayKind, type StrayPayment } from '../connectors/index.js';
import { decideFound, faultOf, type Finding, pathTo, SettleIntents } from '../payouts/index.js';
import type { Tx } from '../platform/database/index.js';
import { type NamedIntent, ProviderBooksRepository } from './provider-books.repository.js';

export interface Telling {
  readonly connectorId: string;
  readonly source: 'notification' | 'reconciliation';
  /** Settles intents whose call is out, too: the provider speaks by itself, or no process has the call in truth. */
  readonly inHandToo: boolean;
}

interface Judgement {
  readonly findings: readonly Finding[];
  readonly strays: readonly StrayPayment[];
}

/**
 * What a provider says of payments by itself, in a notification or in its list, held against our intents. What says nothing
 * new writes nothing: doubled, old and out-of-order words are harmless, and a list of a thousand known payments costs one query.
 */
@Injectable()
export class MatchPayments {
  constructor(
    private readonly books: ProviderBooksRepository,
    private readonly settle: SettleIntents,
    private readonly strays: RaiseStrayPayments,
  ) {}

  /** @returns the payments that no attempt of ours names. */
  async execute(tx: Tx, telling: Telling, listed: readonly ListedPayment[]): Promise<ListedPayment[]> {
    const names = listed.map(({ idempotencyKey, payment }) => ({ key: idempotencyKey, reference: payment.providerReference }));
    const known = await this.books.named(tx, telling.connectorId, names);
    const findings = new Map<string, Finding>();
    const strays: StrayPayment[] = [];
    const references = new Map<string, string>();
    listed.forEach((entry, place) => {
      const intent = known.get(place);
      if (intent === undefined) return;
      const { payout_id, superseded, provider_reference } = intent;
      const judged = judge(
        entry,
        { ...intent, provider_reference: provider_reference ?? references.get(payout_id) ?? null },
        telling,
      );
      strays.push(...judged.strays);
      // Of two payments under one key the second is a stray; it can not settle the same intent once more.
      for (const finding of judged.findings) if (!findings.has(finding.payoutId)) findings.set(finding.payoutId, finding);
      if (!superseded && !references.has(payout_id)) references.set(payout_id, entry.payment.providerReference);
    });
    if (findings.size > 0) await this.settle.execute(tx, [...findings.values()]);
    await this.strays.execute(tx, telling, strays);
    return listed.filter((_, place) => !known.has(place));
  }
}

/** Pure: what one payment says of the intent that it names. */
function judge({ payment }: ListedPayment, intent: NamedIntent, { source, inHandToo }: Telling): Judgement {
  const payoutId = intent.payout_id;
  const stray = (kind: StrayKind, detail: string): StrayPayment => ({
    provider_reference: payment.providerReference,
    kind,
    payout_id: payoutId,
    detail,
  });
  if (intent.superseded) {
    // It refused that attempt, or a person said so, and another was opened on the strength of it.
    const detail = `it is ${payment.status} under an attempt that had been refused, and another attempt was opened`;
    return { findings: [], strays: payment.status === 'failed' ? [] : [stray('superseded', detail)] };
  }
  const { provider_reference: ours, status: intentStatus } = intent;
  if (ours !== null && ours !== payment.providerReference)
    return { findings: [], strays: [stray('contradiction', `it is a second payment of one payout, beside ${ours}`)] };
  const known = { intentStatus, amount: intent.amount ?? '', currency: intent.currency ?? '' };
  const fault = faultOf(payment, known);
  const inReview = intentStatus === 'needs_review';
  const news = inReview || fault !== null || pathTo(intentStatus, payment.status).length > 0;
  // A list is a picture of a moment before: it says nothing to a person, and settles nothing that is being asked right now.
  const left = (intent.in_hand && !inHandToo) || (source === 'reconciliation' && inReview);
  return {
    findings:
      news && !left ? [{ payoutId, claimNo: null, httpStatus: null, source, decide: (now) => decideFound(payment, now) }] : [],
    strays: fault === null ? [] : [stray(fault.kind, fault.detail)],
  };
}
