import { CommitOutcomeUnknownError, isTransient, type Tx } from '../../src/platform/database/index.js';
import { IdempotencyKeys } from '../../src/platform/http/idempotency-keys.js';
import { Problem } from '../../src/platform/http/index.js';
import { newUuid } from '../../src/platform/ids/index.js';
import { newSigningSecret } from '../../src/webhooks/signing/signing-keys.js';
import { endpointSecretsPlace, sealSecrets } from '../../src/webhooks/signing/signing-secrets.js';
import { METHODS } from '../support/items.js';
import { testMerchant, testSealer } from '../support/test-merchant.js';
import { type Actor, Host } from './stage.js';
import type { AnswerNote, Retryable, World } from './world.js';

/** What the merchant wants of one payout, after every change that was committed. */
export interface Wish {
  readonly merchantId: string;
  readonly bulk: WishedBulk;
  readonly reference: string;
  payoutId: string | null;
  amount: string;
  currency: string;
  iban: string;
  scheduled_ms: number;
  /** Its first date is written as a local time of Berlin. */
  readonly local: boolean;
}

interface WishedBulk {
  readonly name: string;
  id: string | null;
  readonly wishes: Wish[];
}

const IBANS = ['DE89370400440532013000', 'GB82WEST12345698765432', 'FR1420041010050500013M02606', 'NL91ABNA0417164300'];
/** What merchants write, and what of it is paid. The last two are invalid and never paid. */
const AMOUNTS = ['120.50', '75', '7.5', '1000.00', '0', 'abc'];
const VALID_AMOUNTS = 4;

/** The merchants of one run and what they do, each request a server of its own that can die. */
export class Merchants {
  readonly wishes: Wish[] = [];
  private readonly keys = new IdempotencyKeys(testSealer);
  private requests = 0;

  constructor(private readonly world: World) {}

  /** Two merchants with their connector, their endpoints and their plans. */
  async enter(): Promise<void> {
    const { world } = this;
    world.connectorId = newUuid();
    await world.engine.transactions.asEngine((tx) =>
      world.engine.connectors.insert(tx, {
        id: world.connectorId,
        name: 'Simulated',
        type: 'simulated',
        config: {},
        currencies: null,
        method_types: null,
        max_concurrency: 100,
        rate_per_second: null,
        limits: {},
      }),
    );
    for (let number = 0; number < 2; number += 1) {
      const merchant = await testMerchant(world.engine, { connectorId: world.connectorId });
      world.merchantIds.push(merchant.id);
      world.stage.nameOf('merchant', merchant.id);
      if (world.temper.webhooks && number === 0) await this.register(merchant.id);
    }
    const bulks = world.random.between(1, 3);
    for (let number = 0; number < bulks; number += 1) this.planBulk(world.random.pick(world.merchantIds), `bulk${number + 1}`);
  }

  private async register(merchantId: string): Promise<void> {
    const { endpoints, transactions } = this.world.engine;
    await transactions.asEngine(async (tx) => {
      const url = `https://receiver.example/${merchantId}`;
      const id = await endpoints.insert(tx, { id: newUuid(), merchantId, url, event_types: null, description: null });
      if (id === null) throw new Error('registered before');
      const secrets = [{ secret: newSigningSecret(), expires_at: null }];
      await endpoints.writeSecrets(tx, id, sealSecrets(testSealer, secrets, endpointSecretsPlace(id)));
    });
  }

  private planBulk(merchantId: string, name: string): void {
    const { random, stage } = this.world;
    const bulk: WishedBulk = { name, id: null, wishes: [] };
    const items = random.between(1, 4);
    for (let item = 1; item <= items; item += 1) {
      // Some references are wanted by two bulks.
      const shared = item === 1 && random.chance(0.4);
      const reference = shared ? 'shared' : `${name}-${item}`;
      bulk.wishes.push({
        merchantId,
        bulk,
        reference,
        payoutId: null,
        amount: AMOUNTS[random.between(0, random.chance(0.15) ? AMOUNTS.length - 1 : VALID_AMOUNTS - 1)]!,
        currency: 'EUR',
        iban: random.pick(IBANS),
        // An instant of its own for each: no two are due at once, so that "the oldest" is one.
        scheduled_ms: stage.now_ms + random.between(1_000, 90_000),
        local: random.chance(0.5),
      });
    }
    this.wishes.push(...bulk.wishes);
    const invalidItems = random.weighted({ hold: 6, reject: 1, drop: 1 });
    // The same request again, because no answer came, or by mistake: under one Idempotency-Key.
    const copies = random.weighted({ 1: 3, 2: 2, 4: 1 });
    for (let copy = 0; copy < Number(copies); copy += 1)
      this.request('create', copy * random.between(0, 50), (actor) => this.create(actor, bulk, invalidItems));
    const changes = random.between(0, 3);
    for (let number = 0; number < changes; number += 1) this.planChange(bulk);
  }

  private planChange(bulk: WishedBulk): void {
    const { random, stage } = this.world;
    const wish = random.pick(bulk.wishes);
    const after_ms = random.chance(0.6)
      ? Math.max(0, wish.scheduled_ms - stage.now_ms + random.between(-300, 300))
      : random.between(0, 120_000);
    const action = random.weighted({ edit: 5, cancel: 3, pause: 1, foreign: 0.5 });
    this.request(action, after_ms, (actor) => {
      switch (action) {
        case 'edit':
          return this.edit(actor, wish);
        case 'cancel':
          return this.cancel(actor, wish);
        case 'pause':
          return this.pause(actor, bulk);
        case 'foreign':
          return this.foreign(actor, wish);
      }
    });
  }

  /** Asked again and again by the director: opens the payouts that may be retried. */
  retry({ payout_id: payoutId, merchant_id: merchantId, bulk_id: bulkId, reference }: Retryable): void {
    this.request('retry', this.world.random.between(0, 20_000), async (actor) => {
      actor.steps = ['retry'];
      await this.answered(actor, { action: 'retry', payoutId, ifMatch: null, merchantId }, async (tx) => {
        const command = { merchantId, bulkId, payoutId, reference, ifMatch: null };
        await this.world.engine.retry.execute(tx, command);
        return 'retried';
      });
    });
  }

  private request(name: string, after_ms: number, body: (actor: Actor) => Promise<unknown>): void {
    this.requests += 1;
    const { stage } = this.world;
    const host = new Host(`${name}${this.requests}`, 0);
    const notBefore_ms = stage.now_ms + after_ms;
    stage.enter(host, 'request', async (actor) => {
      await stage.pause(actor, { point: 'plans', notBefore_ms });
      await body(actor);
    });
  }

  private async create(actor: Actor, bulk: WishedBulk, invalidItems: 'hold' | 'reject' | 'drop'): Promise<void> {
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

  private async edit(actor: Actor, wish: Wish): Promise<void> {
    const { random, stage, engine } = this.world;
    const { payoutId, merchantId, reference } = wish;
    if (payoutId === null || wish.bulk.id === null) return;
    const ifMatch = random.chance(0.6) ? await this.versionOf(payoutId) : null;
    const change = random.pick(['amount', 'amount', 'iban', 'date'] as const);
    const amount = AMOUNTS[random.between(0, random.chance(0.2) ? AMOUNTS.length - 1 : VALID_AMOUNTS - 1)]!;
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

  private async cancel(actor: Actor, wish: Wish): Promise<void> {
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

  private async pause(actor: Actor, bulk: WishedBulk): Promise<void> {
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
  private async foreign(actor: Actor, wish: Wish): Promise<void> {
    const other = this.world.merchantIds.find((id) => id !== wish.merchantId);
    const bulkId = wish.bulk.id;
    if (other === undefined || bulkId === null) return;
    actor.steps = ['cancel'];
    await this.answered(actor, { action: 'foreign', payoutId: wish.payoutId, ifMatch: null, merchantId: other }, async (tx) => {
      await this.world.engine.cancel.execute(tx, { merchantId: other, bulkId, references: null, ifMatch: null });
      return 'cancelled';
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
