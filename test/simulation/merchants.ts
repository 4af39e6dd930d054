import { newUuid } from '../../src/platform/ids/index.js';
import { newSigningSecret } from '../../src/webhooks/signing/signing-keys.js';
import { endpointSecretsPlace, sealSecrets } from '../../src/webhooks/signing/signing-secrets.js';
import { testMerchant, testSealer } from '../support/test-merchant.js';
import { Requests, type Retryable } from './requests.js';
import { type Actor, Host } from './stage.js';
import { drawAmount, IBANS, type Wish, type WishedBulk } from './wishes.js';
import type { World } from './world.js';

/** The merchants of one run and what they do, each request a server of its own that can die. */
export class Merchants {
  readonly wishes: Wish[] = [];
  private readonly requests: Requests;
  private readonly retried = new Set<string>();
  private requested = 0;

  constructor(private readonly world: World) {
    this.requests = new Requests(world);
  }

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
      const id = await endpoints.insert(tx, {
        id: newUuid(),
        merchantId,
        url,
        format: 'native',
        event_types: null,
        description: null,
      });
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
        amount: drawAmount(random, 0.15),
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
      this.request('create', copy * random.between(0, 50), (actor) => this.requests.create(actor, bulk, invalidItems));
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
          return this.requests.edit(actor, wish);
        case 'cancel':
          return this.requests.cancel(actor, wish);
        case 'pause':
          return this.requests.pause(actor, bulk);
        case 'foreign':
          return this.requests.foreign(actor, wish);
      }
    });
  }

  /** What was refused for now is retried; so nothing rests while something may be. @returns whether there was any. */
  async openRetries(): Promise<boolean> {
    const rows = await this.retryable();
    for (const row of rows) {
      this.request('retry', this.world.random.between(0, 20_000), (actor) => this.requests.retry(actor, row));
    }
    return rows.length > 0;
  }

  /** What somebody has paused goes on. */
  async resumeBulks(): Promise<void> {
    const { engine, merchantIds } = this.world;
    const rows = await engine.read<{ id: string; merchant_id: string }>(
      `SELECT id, merchant_id FROM bulk WHERE merchant_id = ANY($1::uuid[]) AND paused_at IS NOT NULL ORDER BY id`,
      [merchantIds],
    );
    for (const { id, merchant_id: merchantId } of rows) {
      await engine.transactions.asMerchant(merchantId, (tx) =>
        engine.pause.execute(tx, { merchantId, bulkId: id, ifMatch: null, pause: false }),
      );
    }
  }

  /** Refused payouts that may be tried again, each of them twice at most. */
  private async retryable(): Promise<Retryable[]> {
    const { engine, connectorId } = this.world;
    const rows = await engine.read<Retryable>(
      `SELECT p.id AS payout_id, p.merchant_id, p.bulk_id, p.reference, p.attempt_no FROM payout p JOIN payout_intent i ON i.payout_id = p.id
       WHERE p.status = 'INTENT_CREATION_FAILED' AND (i.failure->>'retryable')::boolean AND i.connector_id = $1 ORDER BY p.id`,
      [connectorId],
    );
    const fresh = rows.filter(({ payout_id, attempt_no }) => attempt_no < 3 && !this.retried.has(`${payout_id}:${attempt_no}`));
    for (const { payout_id, attempt_no } of fresh) this.retried.add(`${payout_id}:${attempt_no}`);
    return fresh;
  }

  private request(name: string, after_ms: number, body: (actor: Actor) => Promise<unknown>): void {
    this.requested += 1;
    const { stage } = this.world;
    const host = new Host(`${name}${this.requested}`, 0);
    const notBefore_ms = stage.now_ms + after_ms;
    stage.enter(host, 'request', async (actor) => {
      await stage.pause(actor, { point: 'plans', notBefore_ms });
      await body(actor);
    });
  }
}
