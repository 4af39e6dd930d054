import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { setImmediate as turn } from 'node:timers/promises';
import { CONFIGURATION, type Configuration } from '../../platform/config/index.js';
import { Transactions, WakeListener } from '../../platform/database/index.js';
import { GroupSettler, SLEEP_MAX_MS, WakefulLoop } from '../../platform/workers/index.js';
import { Egress } from '../egress/egress.js';
import { Deliver, type SentDelivery } from './deliver.js';
import type { ClaimedDelivery } from './delivery.repository.js';
import { DispatcherMetrics } from './dispatcher-metrics.js';
import { LaneRepository } from './lane.repository.js';
import { Places } from './places.js';
import { SettleAndClaim, type SettledAndClaimed } from './settle-and-claim.js';
import { SettleDeliveries } from './settle-deliveries.js';

/** Lanes are called by whoever writes for them; this often every process looks for itself whether one was forgotten. */
const LOOK_OVER_MS = 5_000;

/**
 * Sends what is due, in three steps: claim, call (no transaction open), settle. Each round settles what the calls before have brought
 * and claims the next, in one transaction. Several processes share the work through SKIP LOCKED alone. A crash between any two steps
 * leaves a lease, and a lease ends: then the delivery is sent again, under the same id.
 */
@Injectable()
export class Dispatcher implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Dispatcher.name);
  private readonly loop = new WakefulLoop(Dispatcher.name, () => this.round());
  /** For what is not settled together with a claim. */
  private readonly settler: GroupSettler<SentDelivery>;
  /** What each claim has given and has not ended. */
  private readonly calls = new Set<Promise<void>>();
  /** Calls that have ended and are not settled. */
  private readonly ended: SentDelivery[] = [];
  private lookedOver_ms = -Infinity;

  constructor(
    private readonly transactions: Transactions,
    private readonly rounds: SettleAndClaim,
    settle: SettleDeliveries,
    private readonly lanes: LaneRepository,
    private readonly deliver: Deliver,
    private readonly egress: Egress,
    private readonly wakes: WakeListener,
    private readonly metrics: DispatcherMetrics,
    private readonly places: Places,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {
    this.settler = new GroupSettler(Dispatcher.name, {
      settle: async (sent) => {
        this.metrics.observe(sent, await transactions.asEngine((tx) => settle.execute(tx, sent)));
        // What was behind these in order may go.
        this.loop.wake();
      },
      giveUp: (sent) => {
        this.logger.error(`delivery ${sent.delivery.id} is sent again when its lease ends`);
        this.metrics.observe([sent], []);
      },
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
    for (const one of this.ended.splice(0)) this.settler.push(one);
    await this.settler.drain();
    await this.egress.close();
  }

  /** @returns milliseconds until more may be due. */
  private async round(): Promise<number> {
    // Not at once, so that what has come together is settled together.
    await turn();
    await this.lookOver();
    const settling = this.takeEnded();
    // The next call that ends makes room, and wakes.
    if (settling.length === 0 && this.places.free <= 0) return SLEEP_MAX_MS;
    // Before the claim is sent off, so that the lease as we count it ends no later than the database's.
    const claimed_ms = performance.now();
    const { counted, held, claimed, wait_ms } = await this.settleAndClaim(settling);
    for (const one of held) this.settler.push(one);
    for (const delivery of claimed) this.places.take(delivery);
    this.metrics.setInFlight(this.places.inFlight);
    const calls = this.send(claimed, claimed_ms).finally(() => this.calls.delete(calls));
    this.calls.add(calls);
    this.metrics.observe(
      settling.filter((one) => !held.has(one)),
      counted,
    );
    return wait_ms === null ? SLEEP_MAX_MS : Math.ceil(wait_ms);
  }

  /**
   * Together with the claim goes what is settled of lanes that answer: the claim has use for them. The deadlines of hundreds of dead
   * ones come together, and whoever is claimed for would wait until all their lanes are written: these are settled beside it.
   */
  private takeEnded(): SentDelivery[] {
    const taken = this.ended.splice(0);
    const answering = new Set(
      taken.flatMap(({ verdict, delivery }) => (verdict.kind === 'delivered' ? [delivery.endpoint_id] : [])),
    );
    const settling: SentDelivery[] = [];
    for (const one of taken) {
      if (answering.has(one.delivery.endpoint_id)) settling.push(one);
      else this.settler.push(one);
    }
    return settling;
  }

  private async lookOver(): Promise<void> {
    if (performance.now() - this.lookedOver_ms < LOOK_OVER_MS) return;
    await this.transactions.asEngine((tx) => this.lanes.lookOver(tx));
    this.lookedOver_ms = performance.now();
  }

  private async settleAndClaim(settling: readonly SentDelivery[]): Promise<SettledAndClaimed> {
    try {
      const { ended, places } = this;
      return await this.transactions.asEngineConfirmed((tx) => this.rounds.execute(tx, { settling, ended, places }));
    } catch (error) {
      // What was sent is not sent again because nothing could be claimed.
      for (const one of settling) this.settler.push(one);
      throw error;
    }
  }

  /** One in a turn of the event loop: the statements of the next round do not wait until all of this one are signed. */
  private async send(claimed: readonly ClaimedDelivery[], claimed_ms: number): Promise<void> {
    const calls: Promise<void>[] = [];
    for (const delivery of claimed) {
      await turn();
      calls.push(this.call(delivery, claimed_ms));
    }
    await Promise.all(calls);
  }

  private async call(delivery: ClaimedDelivery, claimed_ms: number): Promise<void> {
    try {
      const sent = await this.deliver.execute(delivery, claimed_ms);
      if (sent !== null) this.ended.push(sent);
    } catch (error) {
      this.logger.error({ message: `delivery ${delivery.id} could not be sent; it is tried again when its lease ends`, error });
    }
    this.places.leave(delivery);
    this.metrics.setInFlight(this.places.inFlight);
    // There is room.
    this.loop.wake();
  }
}
