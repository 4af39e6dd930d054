import { Injectable } from '@nestjs/common';
import { type ListedPayment, type OpenConnector, StrayPaymentRepository } from '../connectors/index.js';
import { canBeSentAgain, idempotencyKeyOf } from '../payouts/index.js';
import { Transactions } from '../platform/database/index.js';
import { NIL_UUID, toTypeId } from '../platform/ids/index.js';
import { AdoptPayments } from './adopt-payments.js';
import { QuarantineRepository, type QuarantineState, type UnsentPayout } from './quarantine.repository.js';
import { ReconcileConnectors } from './reconcile-connectors.js';

/** Payouts that are asked for together where a provider has no list. */
const ASKED_AT_ONCE = 8;

/**
 * Whether everything that a provider has is known to us, after commits may have been lost. What was sent and forgotten is
 * adopted on the way.
 */
@Injectable()
export class CompareBooks {
  constructor(
    private readonly transactions: Transactions,
    private readonly quarantine: QuarantineRepository,
    private readonly strays: StrayPaymentRepository,
    private readonly reconcile: ReconcileConnectors,
    private readonly adoption: AdoptPayments,
  ) {}

  /** @returns why the quarantine can not end yet, in sentences; none: all of it matches. */
  async execute(state: QuarantineState): Promise<string[]> {
    const unjudged = await this.transactions.asEngine((tx) => this.quarantine.unjudged(tx, state.since));
    if (unjudged > 0) return [`${unjudged} payouts from before are still to be validated`];
    const { opened, unavailable } = await this.reconcile.openConnectors();
    const faults = unavailable.map((message) => `not compared: ${message}`);
    for (const open of opened) {
      const fault = await this.compare(open, state);
      if (fault !== null) faults.push(`connector ${open.name}: ${fault}`);
    }
    return faults;
  }

  private async compare(open: OpenConnector, state: QuarantineState): Promise<string | null> {
    const { staleWindow_ms, keyRetention_ms } = open.capabilities;
    if (state.age_ms < staleWindow_ms) return 'its books may lag behind; they are compared when its stale window is over';
    const from = await this.transactions.asEngine((tx) => this.quarantine.compareFrom(tx, open.id, keyRetention_ms));
    const comparison = await this.reconcile.compare(open, from);
    const fault = comparison.kind === 'no_list' ? await this.askOneByOne(open) : faultOf(comparison);
    if (fault !== null) return fault;
    const strays = await this.transactions.asEngine((tx) => this.strays.open(tx, open.id));
    return strays === 0 ? null : `${strays} of its payments contradict our books; look at them, then resume the connector`;
  }

  /**
   * A provider without a list is asked under the key of every payout that is due: those could have been sent. Where it finds
   * nothing under a key that it may have forgotten, that proves nothing: such a payout waits for a person.
   */
  private async askOneByOne({ id, connector }: OpenConnector): Promise<string | null> {
    if (!connector.capabilities.lookup) return 'it can neither list its payments nor be asked for one';
    let after = NIL_UUID;
    let forgotten: string | null = null;
    for (;;) {
      const slice = { after, limit: ASKED_AT_ONCE };
      const due = await this.transactions.asEngine((tx) => this.quarantine.dueAfter(tx, id, slice));
      const last = due.at(-1);
      if (last === undefined) return forgotten;
      const asked = await Promise.all(due.map((payout) => this.ask(connector, payout)));
      const fault = asked.find((answer) => typeof answer === 'string');
      if (fault !== undefined) return fault;
      await this.adoption.execute(id, asked.filter((answer) => typeof answer !== 'string').flat());
      const old = due.find((payout, place) => asked[place]?.length === 0 && !canBeSentAgain(payout, connector.capabilities));
      if (old !== undefined)
        forgotten ??= `${toTypeId('payout', old.id)} was due longer ago than it remembers keys; that it finds nothing proves nothing`;
      after = last.id;
    }
  }

  private async ask(connector: OpenConnector['connector'], payout: UnsentPayout): Promise<ListedPayment[] | string> {
    const idempotencyKey = idempotencyKeyOf(payout.merchant_id, payout.id, payout.attempt_no);
    const outcome = await connector.lookup(idempotencyKey);
    switch (outcome.kind) {
      case 'found':
        return outcome.payments.map((payment) => ({ idempotencyKey, payment }));
      case 'none':
        return [];
      case 'unavailable':
        return `it can not be asked: ${outcome.detail}`;
    }
  }
}

function faultOf(comparison: Exclude<Awaited<ReturnType<ReconcileConnectors['compare']>>, { kind: 'no_list' }>): string | null {
  if (comparison.kind === 'unavailable') return `its list was not read: ${comparison.detail}`;
  return comparison.undecided === 0 ? null : `${comparison.undecided} of its payments belong to payouts that are being validated`;
}
