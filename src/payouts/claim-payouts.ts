import { Inject, Injectable } from '@nestjs/common';
import { AdvancePayouts, PayoutContentRepository, PayoutRepository, type PayoutRow, type StoredContent } from '../bulks/index.js';
import type { Capabilities, IntentRequest } from '../connectors/index.js';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import { isUnanswered, Transactions, type Tx } from '../platform/database/index.js';
import { newUuid, toTypeId } from '../platform/ids/index.js';
import { MONOTONIC_CLOCK, type MonotonicClock } from '../platform/time/index.js';
import { idempotencyKeyOf } from './idempotency-key.js';
import { toIntentResponse } from './intent-response.js';
import { canBeSentAgain, sendableAge_ms, sendableFor_ms } from './key-age.js';
import { byPayout, type ClaimScope, type IntentRow, PayoutIntentRepository } from './payout-intent.repository.js';
import { ProviderNotificationRepository } from './provider-notification.repository.js';
import { claimedIntent } from './settle-intents.js';

/** One payout in this process's hands: what to ask the provider, and until when. A look needs no more of it than its names. */
export type Claimed = Held & ({ readonly action: 'send'; readonly request: IntentRequest } | { readonly action: 'look_up' });

interface Held {
  readonly payoutId: string;
  readonly merchantId: string;
  readonly bulkId: string;
  readonly claimNo: number;
  readonly idempotencyKey: string;
  /**
   * The end of the lease on this process's monotonic clock, measured from before the claim was sent:
   * never later than the database's, whatever the wall clock says. Moves on where the lease is renewed.
   */
  leaseEnds: number;
  /**
   * On the same clock: from here on the provider may have forgotten the key, or the one probe of an open breaker may be another's,
   * however often the lease was renewed.
   */
  readonly sendableUntil: number;
  /** The provider's name of the payment, where it has given one. */
  readonly providerReference: string | null;
  /** Since the last send of the key, when it was claimed: an empty look-up says no more than was true before it was asked. */
  readonly sinceLastSend_ms: number;
}

/**
 * What can not be opened stays in front of what can, due for ever: where a claim of a few found nothing else, so many are looked
 * through instead.
 */
const LOOKED_THROUGH_MAX = 1_000;

export interface Claims {
  readonly claimed: readonly Claimed[];
  /** More may be due right now: not all that was, was asked for. */
  readonly more: boolean;
}

export const NO_CLAIMS: Claims = { claimed: [], more: false };

/**
 * Claims payouts for one connector: due ones, with intent and attempt written ahead of the call, and intents that are due
 * to be looked at or sent again. Database time only.
 * Safe to crash here, before or after the commit, because the intent is due again when its lease ends, and an attempt that
 * may have been sent is looked up before anything else.
 */
@Injectable()
export class ClaimPayouts {
  constructor(
    private readonly transactions: Transactions,
    private readonly payouts: PayoutRepository,
    private readonly contents: PayoutContentRepository,
    private readonly intents: PayoutIntentRepository,
    private readonly advance: AdvancePayouts,
    private readonly notifications: ProviderNotificationRepository,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
    @Inject(MONOTONIC_CLOCK) private readonly clock: MonotonicClock,
  ) {}

  /** At most `limit` payouts; open intents first, for they are older than anything due. */
  async execute(
    connectorId: string,
    limit: number,
    { scope = 'all', ...capabilities }: Capabilities & { readonly scope?: ClaimScope },
  ): Promise<Claims> {
    const began = this.clock.now_ms();
    const claim = { connectorId, began, leaseEnds: began + this.configuration.lease_s * 1000, capabilities, scope, limit };
    const { checks, due } = await this.transactions.asEngineConfirmed(async (tx) => {
      const found = await this.claimChecks(tx, claim);
      const alone = found.length > 0 || scope === 'look_ups';
      return { checks: found, due: alone ? null : await this.claimDue(tx, claim) };
    });
    if (due !== null) return due;
    const more = checks.length > 0;
    if (checks.length >= limit || scope === 'look_ups') return { claimed: checks, more };
    try {
      const rest = await this.transactions.asEngineConfirmed((tx) =>
        this.claimDue(tx, { ...claim, limit: limit - checks.length }),
      );
      return { claimed: [...checks, ...rest.claimed], more };
    } catch (error) {
      // What is claimed already would wait for the end of its lease; the fault comes again with the next claim.
      if (!isUnanswered(error)) throw error;
      return { claimed: checks, more };
    }
  }

  private async claimDue(tx: Tx, request: ClaimRequest): Promise<Claims> {
    const { connectorId, limit } = request;
    const first = await this.lockReadable(tx, connectorId, limit);
    const blocked = first.readable.length === 0 && first.more;
    const { readable, contents, more } = blocked ? await this.lockReadable(tx, connectorId, LOOKED_THROUGH_MAX) : first;
    const due = readable.slice(0, limit);
    if (due.length === 0) return NO_CLAIMS;
    const keys = due.map(keyOf);
    const [{ rows, intents }, told] = await Promise.all([
      this.begin(tx, due, { connectorId, sentBefore: false }),
      this.notifications.knownKeys(tx, connectorId, keys),
    ]);
    const claimed = rows.map((payout) => {
      const intent = intentOf(intents, payout);
      const held = heldOf(payout, intent, request);
      // The provider speaks of a payment under a key that we have never sent: the send was lost with its commit. It is asked.
      return told.has(intent.idempotency_key) ? toLookUp(held) : toSend(held, { payout, intent, contents });
    });
    return { claimed, more };
  }

  /** Due payouts whose content can be opened. */
  private async lockReadable(tx: Tx, connectorId: string, limit: number) {
    const { due, more } = await this.payouts.lockDue(tx, connectorId, limit);
    const [rows, contents] = await Promise.all([this.payouts.rows(tx, due), this.contents.current(tx, due)]);
    return { readable: rows.filter(({ id }) => canBeSent(contents.get(id))), contents, more };
  }

  /**
   * Writes the attempt again for payouts that the provider has under the key of their next attempt: they were sent, and the
   * commit that said so is lost. The caller settles them in the same transaction. @returns those that were still scheduled.
   */
  async adopt(tx: Tx, connectorId: string, payoutIds: readonly string[]): Promise<string[]> {
    const scheduled = (await this.payouts.lock(tx, payoutIds)).filter(({ status }) => status === 'SCHEDULED');
    if (scheduled.length === 0) return [];
    const { rows } = await this.begin(tx, scheduled, { connectorId, sentBefore: true });
    return rows.map(({ id }) => id);
  }

  /** Intent and attempt, ahead of the first send, and the step of the payout. */
  private async begin(
    tx: Tx,
    payouts: readonly PayoutRow[],
    { connectorId, sentBefore }: { readonly connectorId: string; readonly sentBefore: boolean },
  ): Promise<{ rows: PayoutRow[]; intents: ReadonlyMap<string, IntentRow> }> {
    const created = payouts.map((payout) => newIntentOf(payout, connectorId));
    const { lease_s } = this.configuration;
    const writing = this.intents.create(tx, created, { lease_s, sentBefore }).then(byPayout);
    const steps = payouts.map((payout) => ({
      payout,
      transitions: ['claim'] as const,
      intent: claimedIntent((intents: ReadonlyMap<string, IntentRow>) => toIntentResponse(intentOf(intents, payout))),
    }));
    const [{ rows }, intents] = await Promise.all([this.advance.execute(tx, steps, writing), writing]);
    return { rows: [...rows.values()], intents };
  }

  private async claimChecks(tx: Tx, request: ClaimRequest): Promise<Claimed[]> {
    const { limit } = request;
    const first = await this.lockChecks(tx, request, limit);
    const blocked = first.due.length === 0 && first.more;
    const { due: found, sends, intents, contents } = blocked ? await this.lockChecks(tx, request, LOOKED_THROUGH_MAX) : first;
    const due = found.slice(0, limit);
    if (due.length === 0) return [];
    await this.intents.beginCheck(
      tx,
      due.map(({ id, attempt_no }) => ({ payout_id: id, number: attempt_no, send: sends.has(id) })),
      this.configuration.lease_s,
    );
    const { rows } = await this.advance.execute(
      tx,
      due.map((payout) => ({ payout, transitions: [] })),
    );
    return [...rows.values()].map((payout) => {
      const intent = intentOf(intents, payout);
      const held = heldOf(payout, intent, request);
      return sends.has(payout.id) ? toSend(held, { payout, intent, contents }) : toLookUp(held);
    });
  }

  /** Intents that are due, and of those that are to be sent again the ones whose content can be opened. */
  private async lockChecks(tx: Tx, { connectorId, capabilities, scope }: ClaimRequest, limit: number): Promise<Checks> {
    const wanted = { limit, scope, sendableAge_ms: sendableAge_ms(capabilities) };
    const candidates = await this.intents.dueChecks(tx, connectorId, wanted);
    if (candidates.length === 0) return NO_CHECKS;
    const locked = await this.payouts.lockFree(tx, candidates);
    const intents = byPayout(
      await this.intents.of(
        tx,
        locked.map(({ id }) => id),
      ),
    );
    const isSend = (payout: PayoutRow): boolean => isToBeSent(intentOf(intents, payout), capabilities);
    const inScope = locked.filter(
      (payout) => intentOf(intents, payout).due && (scope === 'all' || (scope === 'sends') === isSend(payout)),
    );
    const sends = new Set(inScope.filter(isSend).map(({ id }) => id));
    const contents = await this.contents.current(tx, [...sends]);
    const due = inScope.filter(({ id }) => !sends.has(id) || canBeSent(contents.get(id)));
    return { due, sends, intents, contents, more: candidates.length >= limit };
  }
}

interface Checks {
  readonly due: readonly PayoutRow[];
  /** Of these, by the payout, those that are to be sent again. */
  readonly sends: ReadonlySet<string>;
  readonly intents: ReadonlyMap<string, IntentRow>;
  /** Of those that are to be sent. */
  readonly contents: ReadonlyMap<string, StoredContent>;
  /** There may be others behind those that were asked for. */
  readonly more: boolean;
}

const NO_CHECKS: Checks = { due: [], sends: new Set(), intents: new Map(), contents: new Map(), more: false };

interface ClaimRequest {
  readonly connectorId: string;
  readonly limit: number;
  /** On this process's monotonic clock, before the claim was sent. */
  readonly began: number;
  readonly leaseEnds: number;
  readonly capabilities: Capabilities;
  readonly scope: ClaimScope;
}

/**
 * Whether the next step is a send; else it is a look. The age of the key is asked here once more, because a pause may have
 * lasted for days since it was decided that it can be sent.
 */
const isToBeSent = (intent: IntentRow, capabilities: Capabilities): boolean =>
  !intent.may_have_been_taken && canBeSentAgain(intent, capabilities);

const newIntentOf = (payout: PayoutRow, connectorId: string) => ({
  payout_id: payout.id,
  intent_id: newUuid(),
  attempt_id: newUuid(),
  merchant_id: payout.merchant_id,
  connector_id: connectorId,
  number: payout.attempt_no,
  idempotency_key: keyOf(payout),
});

const keyOf = ({ merchant_id, id, attempt_no }: PayoutRow): string => idempotencyKeyOf(merchant_id, id, attempt_no);

function intentOf(intents: ReadonlyMap<string, IntentRow>, payout: PayoutRow): IntentRow {
  const intent = intents.get(payout.id);
  if (intent === undefined) throw new Error(`payout ${payout.id} is with its provider and has no intent`);
  return intent;
}

function heldOf(payout: PayoutRow, intent: IntentRow, { leaseEnds, began, capabilities }: ClaimRequest): Held {
  return {
    payoutId: payout.id,
    merchantId: payout.merchant_id,
    bulkId: payout.bulk_id,
    claimNo: payout.claim_no,
    idempotencyKey: intent.idempotency_key,
    leaseEnds,
    sendableUntil: began + sendableFor_ms(intent, capabilities),
    providerReference: intent.provider_reference,
    sinceLastSend_ms: intent.since_last_send_ms,
  };
}

/** Nobody knows where the money of an erased receiver was to go. */
const canBeSent = (stored: StoredContent | undefined): boolean => stored !== undefined && !stored.erased;

/** Also of a payout whose receiver was erased, or whose content can not be opened. */
const toLookUp = (held: Held): Claimed => ({ ...held, action: 'look_up' });

function toSend(
  held: Held,
  claim: { payout: PayoutRow; intent: IntentRow; contents: ReadonlyMap<string, StoredContent> },
): Claimed {
  const { payout, intent } = claim;
  const content = claim.contents.get(payout.id)?.content;
  if (content?.amount == null || content.currency === null || content.payout_method === null) {
    throw new Error(`payout ${payout.id} was claimed without amount, currency or method`);
  }
  return {
    ...held,
    action: 'send',
    request: {
      intentId: toTypeId('intent', intent.id),
      idempotencyKey: intent.idempotency_key,
      reference: payout.reference,
      bulkReference: payout.bulk_reference,
      amount: content.amount,
      currency: content.currency,
      payoutMethod: content.payout_method,
      billingData: content.billing_data,
      metadata: content.metadata,
    },
  };
}
