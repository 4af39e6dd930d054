import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Transactions } from '../platform/database/index.js';
import { ApiKeyRepository } from './api-key.repository.js';

/** `last_used_at` is true to the minute: enough to find forgotten keys, and at most one write per key and minute. */
const NOTE_EVERY_MS = 60_000;
/** Keys that are seen within this time, in milliseconds, are written by one statement. */
const GATHER_MS = 1_000;
/** Some 1 MB. Past it all is forgotten, which costs each key one statement that writes nothing. */
const NOTED_MAX = 10_000;

/** Notes when a key was last used, outside the path of the requests. A note that is lost in a crash is made at the next use. */
@Injectable()
export class KeyUsage implements BeforeApplicationShutdown {
  private readonly logger = new Logger(KeyUsage.name);
  /** By key, on the monotonic clock. */
  private readonly notedAt_ms = new Map<string, number>();
  private readonly waiting = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly transactions: Transactions,
    private readonly keys: ApiKeyRepository,
  ) {}

  note(keyId: string): void {
    const now_ms = performance.now();
    const before_ms = this.notedAt_ms.get(keyId);
    if (this.stopped || (before_ms !== undefined && now_ms - before_ms < NOTE_EVERY_MS)) return;
    if (this.notedAt_ms.size >= NOTED_MAX) this.notedAt_ms.clear();
    this.notedAt_ms.set(keyId, now_ms);
    this.waiting.add(keyId);
    this.timer ??= setTimeout(() => void this.write(), GATHER_MS).unref();
  }

  /** Writes what has been gathered. Never fails: nobody waits for it, and the next use notes again. */
  async write(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const ids = [...this.waiting];
    this.waiting.clear();
    if (ids.length === 0) return;
    try {
      await this.transactions.asEngine((tx) => this.keys.noteUse(tx, ids));
    } catch (error) {
      this.logger.warn(`last_used_at of ${String(ids.length)} keys was not written: ${(error as Error).message}`);
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.write();
  }
}
