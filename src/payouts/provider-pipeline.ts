import { Logger } from '@nestjs/common';
import type { Capabilities, OpenConnector } from '../connectors/index.js';
import { type CallResult, callProvider, notStarted } from './call-provider.js';
import type { Claimed } from './claim-payouts.js';

export interface PipelinePorts {
  claim(limit: number, capabilities: Capabilities): Promise<Claimed[]>;
  settle(result: CallResult): void;
  /** There is room for more: claim soon. */
  lowWater(): void;
}

/** What is claimed can no longer be cancelled, so no more is claimed than can be started in about this long. */
const CLAIMED_AHEAD_MS = 2_000;
/** One claim statement's most: beyond it a larger group gains nothing (measured: 500 to 1000). */
const CLAIM_MAX = 1_000;
/** Before the first answer a provider is assumed to take this long. */
const CALL_ASSUMED_MS = 100;
/** Weight of the newest call in the moving average of their duration. */
const CALL_WEIGHT = 0.05;

/**
 * The calls of one process to one provider: claims ahead, calls with bounded concurrency and no transaction open, claims
 * again at low water while others are in flight. A barrier after each batch would cost a third of the rate.
 */
export class ProviderPipeline {
  private readonly logger = new Logger(ProviderPipeline.name);
  private readonly queue: Claimed[] = [];
  private readonly inFlight = new Set<Promise<void>>();
  private claiming: Promise<number> | null = null;
  /** The last claim found nothing: calls that end are no reason to ask again, what comes due wakes the loop by itself. */
  private dry = false;
  private averageCall_ms = CALL_ASSUMED_MS;
  private nextStart = 0;
  private pacing: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(
    private open: OpenConnector,
    private readonly ports: PipelinePorts,
  ) {}

  /** The row may have changed: limits, credentials, pause. What waits here while the connector is paused goes back. */
  update(open: OpenConnector): void {
    this.open = open;
    if (open.paused !== null) this.giveBack();
  }

  /** Claims as much as there is room for. @returns how many payouts were claimed. */
  async fill(): Promise<number> {
    const room = this.ahead() - this.queue.length;
    if (this.stopped || this.open.paused !== null || room < this.ahead() / 2) return 0;
    this.claiming ??= this.claim(Math.ceil(room)).finally(() => {
      this.claiming = null;
    });
    return this.claiming;
  }

  /** Claims nothing more, gives back what was not started, and resolves when every call that is out has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    if (this.pacing !== null) clearTimeout(this.pacing);
    await this.claiming?.catch(() => undefined);
    this.giveBack();
    await Promise.all(this.inFlight);
  }

  private giveBack(): void {
    for (const claimed of this.queue.splice(0)) this.ports.settle(notStarted(claimed));
  }

  /** How many payouts this process can start in the time that it may claim ahead. */
  private ahead(): number {
    const { maxConcurrency, ratePerSecond } = this.open;
    const startable = (maxConcurrency * CLAIMED_AHEAD_MS) / this.averageCall_ms;
    const allowed = ratePerSecond === null ? Infinity : (ratePerSecond * CLAIMED_AHEAD_MS) / 1000;
    return Math.max(1, Math.min(Math.floor(startable), Math.floor(allowed), CLAIM_MAX));
  }

  private async claim(limit: number): Promise<number> {
    const claimed = await this.ports.claim(limit, this.open.capabilities);
    this.dry = claimed.length === 0;
    this.queue.push(...claimed);
    this.startCalls();
    return claimed.length;
  }

  private startCalls(): void {
    while (!this.stopped && this.inFlight.size < this.open.maxConcurrency && this.queue.length > 0) {
      if (!this.mayStartNow()) return;
      const claimed = this.queue.shift();
      if (claimed === undefined) return;
      const call = this.call(claimed).finally(() => {
        this.inFlight.delete(call);
        this.startCalls();
        if (!this.dry && this.queue.length < this.ahead() / 2) this.ports.lowWater();
      });
      this.inFlight.add(call);
    }
  }

  /** Never rejects: nobody waits for a single call, and a connector with a defect must not end the process. */
  private async call(claimed: Claimed): Promise<void> {
    const start = performance.now();
    try {
      const result = await callProvider(this.open.connector, claimed);
      this.averageCall_ms = Math.max(1, this.averageCall_ms * (1 - CALL_WEIGHT) + (performance.now() - start) * CALL_WEIGHT);
      this.ports.settle(result);
      // Every further call would fail alike; the pause itself is written with the result.
      if (result.systemic !== null) this.giveBack();
    } catch (error) {
      const cause = error instanceof Error ? error.stack : String(error);
      this.logger.error(`the call for payout ${claimed.payoutId} failed; it is looked up when its lease ends`, cause);
    }
  }

  /** Spaces the calls of this process evenly where the provider has a rate. */
  private mayStartNow(): boolean {
    const { ratePerSecond } = this.open;
    if (ratePerSecond === null) return true;
    const now = performance.now();
    if (now >= this.nextStart) {
      this.nextStart = Math.max(now, this.nextStart) + 1000 / ratePerSecond;
      return true;
    }
    this.pacing ??= setTimeout(() => {
      this.pacing = null;
      this.startCalls();
    }, this.nextStart - now);
    return false;
  }
}
