import type { OnModuleDestroy } from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { KEEP_ALIVE } from './data-source.js';
import type { WakeTopic } from './tx.js';

/** Doubling with full jitter, so that processes that lost the same server do not come back in step. */
const RECONNECT_MS = 100;
const RECONNECT_MAX_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Hears what `tx.wake` says at commit, in every process, over one connection of its own (a pool would take LISTEN back). It
 * connects with the first subscriber. Wakes may be lost or doubled: they save a sleeping worker the rest of its sleep, no more.
 */
export class WakeListener implements OnModuleDestroy {
  private readonly listeners = new Map<string, Set<() => void>>();
  private readonly closing = new AbortController();
  private client: pg.Client | null = null;
  private connected: Promise<void> | null = null;

  constructor(private readonly url: string) {}

  /** @returns the function that ends the subscription. */
  on(topic: WakeTopic, listener: () => void): () => void {
    const listeners = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, listeners.add(listener));
    this.connected ??= this.connect();
    return () => listeners.delete(listener);
  }

  /** Resolves once the database has been listened to for the first time. */
  async ready(): Promise<void> {
    await this.connected;
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await this.client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    for (let failures = 0; !this.closing.signal.aborted; failures += 1) {
      if (await this.listen()) {
        // What was said while nobody listened is unknown.
        for (const topic of this.listeners.keys()) this.wake(topic);
        return;
      }
      const pause_ms = Math.random() * Math.min(RECONNECT_MAX_MS, RECONNECT_MS * 2 ** failures);
      await wait(pause_ms, undefined, { signal: this.closing.signal }).catch(() => undefined);
    }
  }

  /** @returns false where the database could not be reached. */
  private async listen(): Promise<boolean> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: `tranche ${process.pid} wake`,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: CONNECT_TIMEOUT_MS,
      ...KEEP_ALIVE,
    });
    client.on('error', () => undefined); // always followed by `end`
    client.on('notification', ({ payload }) => this.wake(payload ?? ''));
    try {
      await client.connect();
      await client.query('LISTEN tranche');
    } catch {
      await client.end().catch(() => undefined);
      return false;
    }
    this.client = client;
    client.once('end', () => {
      this.client = null;
      if (!this.closing.signal.aborted) void this.connect();
    });
    if (this.closing.signal.aborted) await client.end();
    return true;
  }

  private wake(topic: string): void {
    for (const listener of this.listeners.get(topic) ?? []) listener();
  }
}
