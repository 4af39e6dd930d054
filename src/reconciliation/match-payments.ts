import { Injectable, Logger } from '@nestjs/common';
import { ConnectorRepository, type ListedPayment } from '../connectors/index.js';
import { decideFound, faultOf, type Finding, pathTo, SettleIntents } from '../payouts/index.js';
import type { Tx } from '../platform/database/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { type NamedIntent, ProviderBooksRepository, type StrayKind, type StrayPayment } from './provider-books.repository.js';
import { ReconciliationMetrics } from './reconciliation-metrics.js';

/** In one line of the log; the table has all. */
const STRAYS_NAMED = 5;

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
  private readonly logger = new Logger(MatchPayments.name);

  constructor(
    private readonly books: ProviderBooksRepository,
    private readonly settle: SettleIntents,
    private readonly connectors: ConnectorRepository,
    private readonly metrics: ReconciliationMetrics,
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
    await this.raise(tx, telling, strays);
    return listed.filter((_, place) => !known.has(place));
  }

  /**
   * Each is told once: it is recorded, counted, and pauses the connector, so that nothing is added to what is wrong until an
   * operator has looked. What a notification contradicts pauses nothing where the intent itself goes to a person.
   */
  async raise(
    tx: Tx,
    { connectorId, source }: Pick<Telling, 'connectorId' | 'source'>,
    strays: readonly StrayPayment[],
  ): Promise<void> {
    if (strays.length === 0) return;
    const fresh = await this.books.recordStrays(tx, connectorId, strays);
    const grave = fresh.find(({ kind }) => source === 'reconciliation' || kind === 'superseded');
    if (grave !== undefined) {
      const reason = `payment ${grave.provider_reference} at the provider: ${grave.detail}`;
      await this.connectors.pause(tx, connectorId, { by: 'engine', reason });
    }
    tx.afterCommit(() => {
      for (const { kind } of fresh) this.metrics.strayFound(kind);
      if (fresh.length > 0) this.logger.error(wordsOf(fresh, toTypeId('connector', connectorId)));
    });
  }
}

/** One line, however many there are: an account that somebody else pays from too has a page full of them. */
function wordsOf(strays: readonly StrayPayment[], connector: string): string {
  const named = strays
    .slice(0, STRAYS_NAMED)
    .map(({ provider_reference, kind, detail }) => `${provider_reference} (${kind}): ${detail}`);
  const more = strays.length > STRAYS_NAMED ? `; and ${strays.length - STRAYS_NAMED} more` : '';
  return `stray payments at ${connector}: ${named.join('; ')}${more}`;
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
