import { CommitOutcomeUnknownError, isTransient, type Tx } from '../../src/platform/database/index.js';
import { IdempotencyKeys } from '../../src/platform/http/idempotency-keys.js';
import { Problem } from '../../src/platform/http/index.js';
import { METHODS } from '../support/items.js';
import { testSealer } from '../support/test-merchant.js';
import type { Actor } from './stage.js';
import { drawAmount, IBANS, type Wish, type WishedBulk } from './wishes.js';
import type { AnswerNote, World } from './world.js';

export interface Retryable {
  readonly payout_id: string;
  readonly merchant_id: string;
  readonly bulk_id: string;
  readonly reference: string;
  readonly attempt_no: number;
}

/** What merchants ask for, and what they are answered. */
export class Requests {
  private readonly keys = new IdempotencyKeys(testSealer);

  constructor(private readonly world: World) {}

  async create(actor: Actor, bulk: WishedBulk, invalidItems: 'hold' | 'reject' | 'drop'): Promise<void> {
    const merchantId = bulk.wishes[0]!.merchantId;
    actor.steps = ['create'];
    const { berlinIsAhead_ms } = this.world;
    const items = bulk.wishes.map(({ reference, amount, currency, iban, scheduled_ms, local }) => ({
      reference,
      amount,
      currency,
      ...(local
        ? { scheduled_date: new Date(scheduled_ms + berlinIsAhead_ms).toISOString().slice(0, -1), timezone: 'Europe/Berlin' }
        : { scheduled_date: new Date(scheduled_ms).toISOString() }),
      payout_method: { ...METHODS.iban, iban, bic: undefined },
    }));
    const scope = { ownerId: merchantId, method: 'POST', path: '/v1/bulks', key: bulk.name };
    await this.answered(actor, { action: 'create', payoutId: null, ifMatch: null, merchantId }, async (tx) => {
      if (!(await this.keys.lock(tx, scope))) return `${bulk.name} is being created`;
      if ((await this.keys.find(tx, scope, bulk.name)) !== null) return `${bulk.name} was created before`;
      const command = { merchantId, reference: null, label: bulk.name, webhookUrl: null, invalidItems, controlTotals: null };
      const id = await this.world.engine.create.execute(tx, {
        ...command,
        scheduledDate: null,
        timezone: null,
        metadata: {},
        items,
      });
      await this.keys.keep(tx, scope, {
        bodyText: bulk.name,
        answer: { status: 201, headers: {}, body: null },
        secret: false,
      });
      const rows = await tx.query<{ id: string; reference: string }>(`SELECT id, reference FROM payout WHERE bulk_id = $1`, [id]);
      this.atCommit(actor, () => {
        bulk.id = id;
        this.world.stage.nameOf('bulk', id);
        for (const wish of bulk.wishes) {
          wish.payoutId = rows.find(({ reference }) => reference === wish.reference)?.id ?? null;
          if (wish.payoutId !== null) this.world.stage.nameOf('payout', wish.payoutId);
        }
      });
      return `${bulk.name} created`;
    });
  }

  async edit(actor: Actor, wish: Wish): Promise<void> {
    const { random, stage, engine } = this.world;
    const { payoutId, merchantId, reference } = wish;
    if (payoutId === null || wish.bulk.id === null) return;
    const ifMatch = random.chance(0.6) ? await this.versionOf(payoutId) : null;
    const change = random.pick(['amount', 'amount', 'iban', 'date'] as const);
    const amount = drawAmount(random, 0.2);
    const scheduled_ms = stage.now_ms + random.between(1, 30_000);
    const iban = random.pick(IBANS);
    const patch =
      change === 'amount'
        ? { amount }
        : change === 'iban'
          ? { payout_method: { iban } }
          : { scheduled_date: new Date(scheduled_ms).toISOString() };
    const bulkId = wish.bulk.id;
    actor.steps = ['edit'];
    // What the merchant has read is old when it is sent.
    await stage.pause(actor, { point: 'reads' });
    actor.steps = ['edit'];
    await this.answered(actor, { action: 'edit', payoutId, ifMatch, merchantId }, async (tx) => {
      await engine.edit.execute(tx, {
        merchantId,
        bulkId,
        ifMatch: null,
        payoutIfMatch: ifMatch,
        head: {},
        controlTotals: null,
        items: [{ reference, patch, pointer: '/items/0' }],
      });
      this.atCommit(actor, () => {
        if (change === 'amount') wish.amount = amount;
        if (change === 'iban') wish.iban = iban;
        if (change === 'date') wish.scheduled_ms = scheduled_ms;
      });
      return `edited ${change}`;
    });
  }

  async cancel(actor: Actor, wish: Wish): Promise<void> {
    const { random, engine } = this.world;
    const { payoutId, merchantId } = wish;
    if (payoutId === null || wish.bulk.id === null) return;
    const references = random.chance(0.7) ? [wish.reference] : null;
    const bulkId = wish.bulk.id;
    actor.steps = ['cancel'];
    await this.answered(actor, { action: 'cancel', payoutId: null, ifMatch: null, merchantId }, async (tx) => {
      const results = await engine.cancel.execute(tx, { merchantId, bulkId, references, ifMatch: null });
      this.atCommit(actor, () => {
        for (const { payoutId: id, outcome } of results) {
          this.note({ action: 'cancel', payoutId: id, ifMatch: null }, { result: outcome, answered: true });
        }
      });
      return results.map(({ outcome }) => outcome).join(' ');
    });
  }

  async pause(actor: Actor, bulk: WishedBulk): Promise<void> {
    const { engine, stage, random } = this.world;
    const { id: bulkId } = bulk;
    const merchantId = bulk.wishes[0]!.merchantId;
    if (bulkId === null) return;
    for (const pause of [true, false]) {
      actor.steps = ['pause'];
      await this.answered(actor, { action: 'pause', payoutId: null, ifMatch: null, merchantId }, async (tx) => {
        await engine.pause.execute(tx, { merchantId, bulkId, ifMatch: null, pause });
        return pause ? 'paused' : 'resumed';
      });
      await stage.pause(actor, { point: 'waits', notBefore_ms: stage.now_ms + random.between(0, 30_000) });
    }
  }

  /** The other merchant tries to cancel it. */
  async foreign(actor: Actor, wish: Wish): Promise<void> {
    const other = this.world.merchantIds.find((id) => id !== wish.merchantId);
    const bulkId = wish.bulk.id;
    if (other === undefined || bulkId === null) return;
    actor.steps = ['cancel'];
    await this.answered(actor, { action: 'foreign', payoutId: wish.payoutId, ifMatch: null, merchantId: other }, async (tx) => {
      await this.world.engine.cancel.execute(tx, { merchantId: other, bulkId, references: null, ifMatch: null });
      return 'cancelled';
    });
  }

  async retry(
    actor: Actor,
    { payout_id: payoutId, merchant_id: merchantId, bulk_id: bulkId, reference }: Retryable,
  ): Promise<void> {
    actor.steps = ['retry'];
    await this.answered(actor, { action: 'retry', payoutId, ifMatch: null, merchantId }, async (tx) => {
      await this.world.engine.retry.execute(tx, { merchantId, bulkId, payoutId, reference, ifMatch: null });
      return 'retried';
    });
  }

  private atCommit(actor: Actor, hook: () => void): void {
    actor.committed = hook;
  }

  /** One request in one transaction, as the API runs it, with its answer noted. */
  private async answered(
    actor: Actor,
    { merchantId, ...about }: Pick<AnswerNote, 'action' | 'payoutId' | 'ifMatch'> & { readonly merchantId: string },
    work: (tx: Tx) => Promise<string>,
  ): Promise<void> {
    const { stage, engine } = this.world;
    let result: string;
    let answered = true;
    try {
      result = await engine.transactions.asMerchant(merchantId, work);
    } catch (error) {
      if (error instanceof Problem) result = error.code;
      else if (error instanceof CommitOutcomeUnknownError || isTransient(error)) {
        result = 'unavailable';
        answered = false;
      } else throw error;
    }
    stage.trace(`${actor.name} is answered: ${result}`);
    this.note(about, { result, answered });
  }

  private note(
    about: Pick<AnswerNote, 'action' | 'payoutId' | 'ifMatch'>,
    { result, answered }: { result: string; answered: boolean },
  ): void {
    const { answers, stage } = this.world;
    answers.push({ ...about, result, answered, at_ms: stage.now_ms, order: this.world.order() });
  }

  private async versionOf(payoutId: string): Promise<number | null> {
    const [row] = await this.world.engine.read<{ version: number }>(`SELECT version FROM payout WHERE id = $1`, [payoutId]);
    return row?.version ?? null;
  }
}
