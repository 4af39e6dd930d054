import { HttpConnector } from '../../src/connectors/http/http.connector.js';
import type { IntentRequest } from '../../src/connectors/index.js';
import { newUuid } from '../../src/platform/ids/index.js';
import { LineChild } from './line-child.js';
import { itemOf } from './merchant.js';

/** Longer than any answer of the bench's provider takes. */
const CALL_TIMEOUT_MS = 10_000;

interface Account {
  readonly base_url: string;
  readonly token: string;
}

/** The provider of provider.child.ts. */
export class BenchProvider {
  private constructor(
    private readonly child: LineChild,
    /** For the engine's connector. */
    readonly config: Account,
    private readonly others: Account,
  ) {}

  static async start(latency_ms: number): Promise<BenchProvider> {
    const child = LineChild.start('provider.child.ts', String(latency_ms));
    const { tranche, others } = await child.next<{ tranche: Account; others: Account }>();
    return new BenchProvider(child, tranche, others);
  }

  /** What it took since it was asked last: reference, and the instant on the clock of this machine in milliseconds. */
  async taken(): Promise<Map<string, number>> {
    return new Map(await this.child.ask<[string, number][]>());
  }

  /** The engine's own connector with nothing around it, for limits and peers. */
  connector(concurrency: number): HttpConnector {
    const config = { ...this.others, timeout_ms: CALL_TIMEOUT_MS, key_retention_hours: 24, stale_window_ms: 60_000 };
    return new HttpConnector({ ...config, notification_secret: null }, concurrency);
  }

  end(): void {
    this.child.end();
  }
}

/** What the engine asks a provider for a payout of the bench, made for the place of a list. */
export function requestOf(_: unknown, place: number): IntentRequest {
  const key = newUuid();
  const { payout_method, billing_data, metadata } = itemOf(key, place) as Record<string, Record<string, string>>;
  return {
    intentId: `intent_${key}`,
    idempotencyKey: key,
    reference: key,
    bulkReference: null,
    amount: '120.50',
    currency: 'EUR',
    payoutMethod: payout_method ?? {},
    billingData: billing_data ?? {},
    metadata: metadata ?? {},
  };
}
