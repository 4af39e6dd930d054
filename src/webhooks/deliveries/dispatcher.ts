import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../../platform/config/index.js';
import { Transactions, WakeListener } from '../../platform/database/index.js';
import { SLEEP_MAX_MS, WakefulLoop } from '../../platform/workers/index.js';
import { Egress } from '../egress/egress.js';
import { AttemptSettler } from './attempt-settler.js';
import { ClaimDeliveries } from './claim-deliveries.js';
import { Deliver, type SentDelivery } from './deliver.js';
import type { ClaimedDelivery } from './delivery.repository.js';
import { DispatcherMetrics } from './dispatcher-metrics.js';
import { LaneRepository } from './lane.repository.js';
import { Places } from './places.js';
import { SettleDeliveries } from './settle-deliveries.js';
import { merchantsWithoutTurn } from './share-places.js';
import { WriteBodies } from './write-bodies.js';

/** Lanes that are ready and were not served (somebody held them, or a limit was reached) are looked at again this soon. */
const READY_AGAIN_MS = 50;
/** Lanes are called by whoever writes for them; this often every process looks for itself whether one was forgotten. */
const LOOK_OVER_MS = 5_000;

/**
 * Sends what is due, in three steps: claim (one statement), call (no transaction open), settle (one transaction for many).
 * Several processes share the work through SKIP LOCKED alone. A crash between any two steps leaves a lease, and a lease
 * ends: then the delivery is sent again, under the same id.
 */
@Injectable()
export class Dispatcher implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Dispatcher.name);
  private readonly loop = new WakefulLoop(Dispatcher.name, () => this.round());
  private readonly settler: AttemptSettler;
  private readonly calls = new Set<Promise<void>>();
  private lookedOver_ms = -Infinity;

  constructor(
    private readonly transactions: Transactions,
    private readonly claims: ClaimDeliveries,
    private readonly bodies: WriteBodies,
    private readonly lanes: LaneRepository,
    private readonly deliver: Deliver,
    settle: SettleDeliveries,
    private readonly egress: Egress,
    private readonly wakes: WakeListener,
    private readonly metrics: DispatcherMetrics,
    private readonly places: Places,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {
    this.settler = new AttemptSettler(transactions, settle, (sent, counted) => {
      this.metrics.observe(sent, counted);
      this.leave(sent.map(({ delivery }) => delivery));
    });
  }

  onApplicationBootstrap(): void {
    if (this.configuration.roles.has('worker')) this.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.stop();
  }

  start(): void {
    this.loop.start((wake) => this.wakes.on('deliver', wake));
  }

  /** Stops claiming, lets the calls that are out end, and settles them, while the database is still open. */
  async stop(): Promise<void> {
    await this.loop.stop();
    await Promise.all(this.calls);
    await this.settler.drain();
    await this.egress.close();
  }

  /** @returns milliseconds until more may be due. */
  private async round(): Promise<number> {
    // The next settle makes room, and wakes.
    if (this.places.free <= 0) return SLEEP_MAX_MS;
    await this.lookOver();
    // Before the claim is sent off, so that the lease as we count it ends no later than the database's.
    const claimed_ms = performance.now();
    const { claimed, wait_ms } = await this.transactions.asEngineConfirmed(async (tx) => {
      const rows = await this.bodies.execute(tx, await this.claims.execute(tx, this.places));
      const again_ms = rows.length > 0 ? 0 : READY_AGAIN_MS;
      return { claimed: rows, wait_ms: await this.lanes.nextReady(tx, merchantsWithoutTurn(this.places), again_ms) };
    });
    for (const delivery of claimed) this.send(delivery, claimed_ms);
    return wait_ms === null ? SLEEP_MAX_MS : Math.ceil(wait_ms);
  }

  private async lookOver(): Promise<void> {
    if (performance.now() - this.lookedOver_ms < LOOK_OVER_MS) return;
    await this.transactions.asEngine((tx) => this.lanes.lookOver(tx));
    this.lookedOver_ms = performance.now();
  }

  private send(delivery: ClaimedDelivery, claimed_ms: number): void {
    this.places.take(delivery);
    this.metrics.setInFlight(this.places.inFlight);
    const call = this.attempt(delivery, claimed_ms).finally(() => this.calls.delete(call));
    this.calls.add(call);
  }

  private async attempt(delivery: ClaimedDelivery, claimed_ms: number): Promise<void> {
    let sent: SentDelivery | null = null;
    try {
      sent = await this.deliver.execute(delivery, claimed_ms);
    } catch (error) {
      const cause = error instanceof Error ? error.stack : String(error);
      this.logger.error(`delivery ${delivery.id} could not be sent; it is tried again when its lease ends`, cause);
    }
    if (sent === null) this.leave([delivery]);
    else this.settler.push(sent);
  }

  private leave(deliveries: readonly ClaimedDelivery[]): void {
    for (const delivery of deliveries) this.places.leave(delivery);
    this.metrics.setInFlight(this.places.inFlight);
    // There is room, and what was behind these in order may go.
    this.loop.wake();
  }
}
