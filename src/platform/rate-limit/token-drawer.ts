import type { Draw, Drawn } from './rate-bucket.repository.js';

/** Longer than a busy database needs, shorter than a caller's patience: past it this process decides alone. */
const DRAW_WITHIN_MS = 1_000;
/** While the database is away it is asked this often, by nobody who waits. */
const ASK_AGAIN_MS = 1_000;
/** Of one statement: some 10 ms of the server. */
const DRAWS_MAX = 500;

interface Waiting {
  readonly draw: Draw;
  readonly settle: (drawn: Drawn | null) => void;
}

/**
 * Draws tokens for every bucket of this process, one statement at a time: what is wished for meanwhile goes with the next.
 * So however many keys and addresses come at once, the limits use one connection.
 */
export class TokenDrawer {
  private waiting: Waiting[] = [];
  private underWay = false;
  private away = false;
  private askAgainAt_ms = 0;

  constructor(private readonly send: (draws: readonly Draw[]) => Promise<readonly Drawn[]>) {}

  /** Whether the database answers too late or not at all: then nobody waits for it. */
  get isAway(): boolean {
    return this.away;
  }

  /** @returns null where the database did not answer in time. */
  draw(draw: Draw): Promise<Drawn | null> {
    return new Promise((settle) => {
      this.waiting.push({ draw, settle });
      this.next();
    });
  }

  /** Looks whether the database is back, with a wish that is no loss. */
  askAgain(draw: Draw): void {
    const now_ms = performance.now();
    if (this.underWay || now_ms < this.askAgainAt_ms) return;
    this.askAgainAt_ms = now_ms + ASK_AGAIN_MS;
    void this.draw({ ...draw, wish: 0, returned: 0 });
  }

  private next(): void {
    if (this.underWay || this.waiting.length === 0) return;
    this.underWay = true;
    // Not at once: requests that came in the same packet go along.
    setImmediate(() => void this.sendWaiting());
  }

  private async sendWaiting(): Promise<void> {
    const group = this.waiting.splice(0, DRAWS_MAX);
    const late = setTimeout(() => {
      this.giveUp(group);
    }, DRAW_WITHIN_MS);
    try {
      const drawn = new Map((await this.send(group.map(({ draw }) => draw))).map((row) => [row.name, row]));
      this.away = false;
      for (const { draw, settle } of group) settle(drawn.get(draw.name) ?? null);
    } catch {
      this.giveUp(group);
    } finally {
      clearTimeout(late);
      this.underWay = false;
      this.next();
    }
  }

  /** Whoever waits, for this statement or for the next one, waits no longer. */
  private giveUp(group: readonly Waiting[]): void {
    this.away = true;
    for (const { settle } of [...group, ...this.waiting.splice(0)]) settle(null);
  }
}
