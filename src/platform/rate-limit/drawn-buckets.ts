import type { Rate, Verdict } from './rate.js';
import { TokenBuckets } from './token-buckets.js';
import type { TokenDrawer } from './token-drawer.js';

/** The most that a process holds of a bucket without using it, in seconds of its rate. */
const PORTION_S = 0.25;
/** An empty bucket is asked again this often, whoever floods: what has flowed in meanwhile comes in one draw. */
const ASK_AGAIN_MS = 125;
/** So long a process may hold what it has drawn; then it goes back with the next draw. */
const PORTION_LIFE_MS = 1_000;
/** Some 10 MB. Past it the one that was drawn for longest ago is forgotten, with what it holds. */
const SHARES_MAX = 50_000;

/** What this process holds of one bucket. */
interface Share {
  tokens: number;
  /** Until when it may be used. */
  until_ms: number;
  /** How many to draw next: doubled while all are used in time, one again for who comes seldom. */
  portion: number;
  /** How many the last draw left in the bucket. */
  left: number;
  /** Before this the bucket is known to be empty. */
  emptyUntil_ms: number;
  waiting: number;
  drawing: Promise<boolean> | null;
}

/**
 * One bucket per subject, shared by every process on the database. Each process draws portions ahead and takes from those,
 * so that a request of a busy subject writes nothing and waits for nobody. In no time t does a subject get more than
 * `burst + perSecond * t`, and a portion for each process; a portion that lies unused in one process may be missing in
 * another for as long as it may be held.
 *
 * While the database is away each process keeps every subject to the rate by itself, with a second of it as the burst:
 * the gates are neither open nor closed.
 */
export class DrawnBuckets {
  private readonly shares = new Map<string, Share>();
  private readonly alone: TokenBuckets;
  private readonly portionMax: number;

  constructor(
    private readonly policy: string,
    readonly rate: Rate,
    private readonly drawer: TokenDrawer,
  ) {
    this.alone = new TokenBuckets({ perSecond: rate.perSecond, burst: Math.max(1, rate.perSecond) });
    this.portionMax = Math.max(1, Math.floor(rate.perSecond * PORTION_S));
  }

  /** Takes one token. A promise only where there is something to wait for. */
  take(subject: string): Verdict | Promise<Verdict> {
    const now_ms = performance.now();
    if (this.drawer.isAway) return this.takeAlone(subject, now_ms);
    const share = this.shares.get(subject) ?? this.newShare(subject);
    return this.takeHeld(subject, share, now_ms) ?? this.takeDrawn(subject, share);
  }

  /** Undoes a take that turned out not to count. */
  giveBack(subject: string): void {
    const share = this.shares.get(subject);
    if (share !== undefined) share.tokens += 1;
  }

  /** From what is here, or a refusal that is known already; null: it has to be drawn. */
  private takeHeld(subject: string, share: Share, now_ms: number): Verdict | null {
    if (share.tokens >= 1 && now_ms < share.until_ms) {
      share.tokens -= 1;
      if (share.portion > 1 && share.tokens < share.portion / 2 && now_ms >= share.emptyUntil_ms) void this.draw(subject, share);
      return { taken: true, remaining: Math.floor(share.left + share.tokens) };
    }
    return now_ms < share.emptyUntil_ms ? { taken: false, remaining: 0, wait_ms: share.emptyUntil_ms - now_ms } : null;
  }

  private async takeDrawn(subject: string, share: Share): Promise<Verdict> {
    share.waiting += 1;
    try {
      for (;;) {
        if (!(await this.draw(subject, share))) return this.takeAlone(subject, performance.now());
        const verdict = this.takeHeld(subject, share, performance.now());
        if (verdict !== null) return verdict;
      }
    } finally {
      share.waiting -= 1;
    }
  }

  /** One draw at a time. @returns false where the database did not answer. */
  private draw(subject: string, share: Share): Promise<boolean> {
    share.drawing ??= this.drawOnce(subject, share).finally(() => (share.drawing = null));
    return share.drawing;
  }

  private async drawOnce(subject: string, share: Share): Promise<boolean> {
    const asked_ms = performance.now();
    const isOver = asked_ms >= share.until_ms;
    const returned = isOver ? share.tokens : 0;
    share.portion = isOver && share.tokens >= 1 ? 1 : Math.min(this.portionMax, share.portion * 2);
    if (isOver) share.tokens = 0;
    // Whoever waits takes its token at once: only the portion is held.
    const wish = Math.max(share.portion, share.waiting);
    const drawn = await this.drawer.draw({ name: `${this.policy} ${subject}`, rate: this.rate, wish, returned });
    if (drawn === null) return false;
    share.tokens += drawn.granted;
    share.left = drawn.tokens;
    share.until_ms = performance.now() + PORTION_LIFE_MS;
    if (drawn.tokens < 1) share.emptyUntil_ms = performance.now() + Math.max(this.untilOne_ms(drawn.tokens), ASK_AGAIN_MS);
    return true;
  }

  private readonly untilOne_ms = (tokens: number): number => ((1 - tokens) / this.rate.perSecond) * 1000;

  private takeAlone(subject: string, now_ms: number): Verdict {
    this.drawer.askAgain({ name: `${this.policy} ${subject}`, rate: this.rate, wish: 0, returned: 0 });
    return this.alone.take(subject, now_ms);
  }

  private newShare(subject: string): Share {
    const [oldest] = this.shares.keys();
    if (this.shares.size >= SHARES_MAX && oldest !== undefined) this.shares.delete(oldest);
    const share: Share = { tokens: 0, until_ms: 0, portion: 0.5, left: 0, emptyUntil_ms: 0, waiting: 0, drawing: null };
    this.shares.set(subject, share);
    return share;
  }
}
