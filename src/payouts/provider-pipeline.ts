import { Logger } from '@nestjs/common';
import { FAULTS_TO_OPEN, type OpenConnector } from '../connectors/index.js';
import { type Allowance, NOTHING_ALLOWED } from './allowance.js';
import { type CallResult, callProvider, notStarted } from './call-provider.js';
import type { ClaimWish } from './claim-allowed.js';
import type { Claimed, Claims } from './claim-payouts.js';
import { ClaimedQueue } from './claimed-queue.js';
import type { Renewal } from './renew-leases.js';

export interface PipelinePorts {
  claim(wish: Omit<ClaimWish, 'connectorId'>): Promise<Claims>;
  renew(held: readonly Claimed[]): Promise<Renewal>;
  readonly renewEvery_ms: number;
  /** Claims that were taken over before they were sent. */
  leasesLost(count: number): void;
  /** A call has ended; it began at this instant of the process's monotonic clock. */
  called(claimed: Claimed, result: CallResult, started_ms: number): void;
  settle(result: CallResult): void;
  /** There is room for more: claim soon. */
  lowWater(): void;
}

/** What is claimed can no longer be cancelled, so no more is claimed than can be started in about this long. */
const CLAIMED_AHEAD_MS = 2_000;
/** One claim statement's most: beyond it a larger group gains nothing (measured: 500 to 1000). */
const CLAIM_MAX = 1_000;
/**
 * Calls that end ask for more when half of what may be claimed ahead is gone, so that claims are large. Whatever else wakes us
 * (a payout that comes due, a bulk that is let go) may be another merchant's, who should not wait until then: it is claimed for
 * as soon as there is this part of the room, which is not so little that every wake brings a claim.
 */
const LOW_WATER = 0.5;
const ROOM_TO_CLAIM = 0.05;
/** Before the first answer a provider is assumed to take this long. */
const CALL_ASSUMED_MS = 100;
/** From the answer with a wish, or the last fault, until its row is written and read, at the longest. */
const WISH_KEPT_MS = 2_000;
/** Weight of the newest call in the moving average of their duration. */
const CALL_WEIGHT = 0.05;

/**
 * The calls of one process to one provider: claims ahead, calls with bounded concurrency and no transaction open, claims
 * again at low water while others are in flight. A barrier after each batch would cost a third of the rate.
 */
export class ProviderPipeline {
  private readonly logger = new Logger(ProviderPipeline.name);
  private readonly queue = new ClaimedQueue();
  private readonly calls = new Map<Claimed, Promise<void>>();
  private readonly renewing: NodeJS.Timeout;
  private allowance: Allowance = NOTHING_ALLOWED;
  /** The provider asked to be left alone, and the row that says so to every process may not be written yet. */
  private wishEnds = 0;
  /** The same of a breaker that opens: faults in a row of this process, and until when it sends nothing because of them. */
  private faults = 0;
  private brakeEnds = 0;
  /** May be sent although nothing else may. */
  private probe: Claimed | null = null;
  private claiming: Promise<boolean> | null = null;
  /** The last claim took all that was due: calls that end are no reason to ask again, what comes due wakes the loop by itself. */
  private dry = false;
  /** Somebody woke us when there was no room: calls that end ask for more as soon as there is. */
  private wokenFull = false;
  private averageCall_ms = CALL_ASSUMED_MS;
  private nextStart = 0;
  private waiting: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(
    private open: OpenConnector,
    private readonly ports: PipelinePorts,
  ) {
    this.renewing = setInterval(() => void this.renew(), ports.renewEvery_ms).unref();
  }

  get inFlight(): number {
    return this.calls.size;
  }

  /** The row may have changed: limits, credentials, pause, what is allowed. What must not leave while it waits here goes back. */
  update(open: OpenConnector, allowance: Allowance): void {
    this.open = open;
    const braked = allowance.maySend === 'anything' && performance.now() < this.brakeEnds;
    this.allowance = {
      ...allowance,
      from: Math.max(allowance.from, this.wishEnds),
      ...(braked ? { maySend: 'nothing', slowly: true } : {}),
    };
    this.giveBackWhatMustNotLeave();
    this.startCalls();
  }

  /** Its connector can not be opened any more, or is not there: nothing leaves until it is. */
  halt(): void {
    this.allowance = NOTHING_ALLOWED;
    this.giveBackWhatMustNotLeave();
  }

  /** Claims as much as there is room for. @returns whether more may be due right now; where there is no room, a call's end tells. */
  async fill(): Promise<boolean> {
    this.wokenFull = !this.hasRoom();
    if (!this.mayClaim()) return false;
    this.claiming ??= this.claim().finally(() => {
      this.claiming = null;
    });
    return this.claiming;
  }

  /** Claims nothing more, gives back what was not started, and resolves when every call that is out has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    if (this.waiting !== null) clearTimeout(this.waiting);
    await this.claiming?.catch(() => undefined);
    this.giveBack(() => true);
    await Promise.all(this.calls.values());
    clearInterval(this.renewing);
  }

  private giveBack(which: (claimed: Claimed) => boolean): void {
    for (const claimed of this.queue.remove(which)) this.ports.settle(notStarted(claimed));
  }

  private giveBackWhatMustNotLeave(): void {
    const long = this.allowance.from - performance.now() > CLAIMED_AHEAD_MS;
    // Without a place nothing of it would ever start here, and its leases would be renewed for as long as this process lives.
    if (long || this.allowance.places === 0) this.giveBack(() => true);
    else if (this.allowance.maySend !== 'anything')
      this.giveBack((claimed) => claimed.action === 'send' && claimed !== this.probe);
  }

  /** This process's part of the rate that the provider allows to all of them. */
  private get ratePerSecond(): number {
    const { ratePerSecond, maxConcurrency } = this.open;
    return ratePerSecond === null ? Infinity : (ratePerSecond * this.allowance.places) / maxConcurrency;
  }

  /** How many payouts this process can start in the time that it may claim ahead. */
  private ahead(): number {
    const startable = (this.allowance.places * CLAIMED_AHEAD_MS) / this.averageCall_ms;
    const allowed = (this.ratePerSecond * CLAIMED_AHEAD_MS) / 1000;
    return Math.max(1, Math.min(Math.floor(startable), Math.floor(allowed), CLAIM_MAX));
  }

  private mayCall(now = performance.now()): boolean {
    return this.allowance.places > 0 && now < this.allowance.until && now >= this.allowance.from;
  }

  private mayClaim(): boolean {
    return !this.stopped && this.mayCall() && this.hasRoom();
  }

  private hasRoom(): boolean {
    return this.room() >= this.ahead() * ROOM_TO_CLAIM;
  }

  private room(): number {
    return this.ahead() - this.queue.length;
  }

  private isLow(): boolean {
    return this.queue.length < this.ahead() * LOW_WATER;
  }

  private isIdle(): boolean {
    return this.queue.length + this.calls.size === 0;
  }

  /** The first of a burst, and whoever wakes us in the midst, wait for no more than can be called at once; then the rest is claimed. */
  private async claim(): Promise<boolean> {
    const someAtOnce = this.isIdle() || !this.isLow();
    await this.claimUpTo(someAtOnce ? Math.min(this.room(), this.allowance.places) : this.room());
    if (someAtOnce && !this.dry && this.mayClaim()) await this.claimUpTo(this.room());
    return !this.dry && this.isLow();
  }

  private async claimUpTo(limit: number): Promise<void> {
    const { allowance, open } = this;
    const idle = this.isIdle();
    const { claimed, more } = await this.ports.claim({ capabilities: open.capabilities, limit, allowance, idle });
    if (allowance.maySend !== 'anything' && idle) this.probe = claimed.find(({ action }) => action === 'send') ?? null;
    this.dry = !more;
    this.queue.push(claimed);
    // What is allowed may have changed while they were claimed.
    this.giveBackWhatMustNotLeave();
    this.startCalls();
  }

  private startCalls(): void {
    while (!this.stopped && this.calls.size < this.allowance.places && this.queue.length > 0) {
      if (!this.mayStartNow()) return;
      const claimed = this.queue.shift();
      if (claimed === undefined) return;
      const call = this.call(claimed).finally(() => {
        this.calls.delete(claimed);
        this.startCalls();
        if (this.wokenFull ? this.hasRoom() : !this.dry && this.isLow()) this.ports.lowWater();
      });
      this.calls.set(claimed, call);
    }
  }

  /** Never rejects: nobody waits for a single call, and a connector with a defect must not end the process. */
  private async call(claimed: Claimed): Promise<void> {
    const start = performance.now();
    try {
      const result = await callProvider(this.open.connector, claimed);
      this.averageCall_ms = Math.max(1, this.averageCall_ms * (1 - CALL_WEIGHT) + (performance.now() - start) * CALL_WEIGHT);
      this.obey(result);
      this.ports.called(claimed, result, start);
      this.ports.settle(result);
    } catch (error) {
      this.logger.error({
        message: `the call for payout ${claimed.payoutId} failed; it is looked up when its lease ends`,
        error,
      });
    }
  }

  /** What holds for all processes once the result is settled holds here at once. */
  private obey({ systemic, busy_ms, reach }: CallResult): void {
    if (systemic !== null) this.giveBack(() => true);
    this.faults = reach === 'fault' ? this.faults + 1 : reach === 'answered' ? 0 : this.faults;
    if (this.faults >= FAULTS_TO_OPEN) {
      this.faults = 0;
      this.brakeEnds = performance.now() + WISH_KEPT_MS;
      if (this.allowance.maySend === 'anything') this.allowance = { ...this.allowance, maySend: 'nothing', slowly: true };
      this.giveBackWhatMustNotLeave();
    }
    if (busy_ms === null) return;
    this.wishEnds = performance.now() + Math.min(busy_ms, WISH_KEPT_MS);
    this.allowance = { ...this.allowance, from: Math.max(this.allowance.from, this.wishEnds) };
  }

  /** Waits where the provider asked to be left alone, and spaces the calls evenly where it has a rate. */
  private mayStartNow(): boolean {
    const now = performance.now();
    const { from } = this.allowance;
    const start = Math.max(this.nextStart, from);
    if (now >= start && now < this.allowance.until) {
      this.nextStart = now + 1000 / this.ratePerSecond;
      return true;
    }
    if (now < start)
      this.waiting ??= setTimeout(() => {
        this.waiting = null;
        this.startCalls();
        if (start === from) this.ports.lowWater();
      }, start - now);
    return false;
  }

  /** What is queued and was taken over meanwhile is not sent; the result of what is in flight is dropped when it comes. */
  private async renew(): Promise<void> {
    const held = [...this.queue.all(), ...this.calls.keys()];
    if (held.length === 0) return;
    try {
      const { kept, leaseEnds } = await this.ports.renew(held);
      const asked = new Set(held);
      const lost = this.queue.remove((claimed) => asked.has(claimed) && !kept.has(claimed));
      for (const claimed of asked) if (kept.has(claimed)) claimed.leaseEnds = leaseEnds;
      if (lost.length === 0) return;
      this.ports.leasesLost(lost.length);
      this.logger.warn(`${lost.length} payouts were taken over before they were sent; they are left to others`);
    } catch (error) {
      this.logger.warn(`leases were not renewed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
