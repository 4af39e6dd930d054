import { LineChild } from './line-child.js';

/** What came to one path since it was asked last. */
export interface Arrivals {
  readonly count: number;
  /** Arrival minus the event's own instant, in milliseconds, of each that came. */
  readonly late_ms: readonly number[];
}

/** The receivers of receiver.child.ts: one server, as many URLs as paths. */
export class BenchReceiver {
  private constructor(
    private readonly child: LineChild,
    readonly url: string,
  ) {}

  /** @param latency_ms from the last byte of a request to its answer. */
  static async start(latency_ms: number): Promise<BenchReceiver> {
    const child = LineChild.start('receiver.child.ts', String(latency_ms));
    return new BenchReceiver(child, (await child.next<{ url: string }>()).url);
  }

  /** By path, of the paths that anything came to. */
  async arrived(): Promise<ReadonlyMap<string, Arrivals>> {
    return new Map(await this.child.ask<[string, Arrivals][]>());
  }

  async count(): Promise<number> {
    return [...(await this.arrived()).values()].reduce((sum, { count }) => sum + count, 0);
  }

  end(): void {
    this.child.end();
  }
}
