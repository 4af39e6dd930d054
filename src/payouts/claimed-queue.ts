import type { Claimed } from './claim-payouts.js';

/**
 * What is claimed and waits for a place, in turns of the merchants: of a full bulk of one, many are in front of the single payout
 * that another has just been given a share for, and it would wait for all of them. Each merchant's own keep their order.
 */
export class ClaimedQueue {
  /** In the order of their turns: whoever had one goes to the end. */
  private readonly lanes = new Map<string, Claimed[]>();
  /** Kept, not counted: it is asked for with every call that begins or ends, and there may be as many lanes as payouts. */
  private waiting = 0;

  get length(): number {
    return this.waiting;
  }

  push(claimed: readonly Claimed[]): void {
    for (const one of claimed) {
      const lane = this.lanes.get(one.merchantId);
      if (lane === undefined) this.lanes.set(one.merchantId, [one]);
      else lane.push(one);
    }
    this.waiting += claimed.length;
  }

  /** Whose turn it is, or nothing where nobody waits. */
  shift(): Claimed | undefined {
    for (const [merchantId, lane] of this.lanes) {
      const claimed = lane.shift();
      this.lanes.delete(merchantId);
      if (lane.length > 0) this.lanes.set(merchantId, lane);
      this.waiting -= 1;
      return claimed;
    }
    return undefined;
  }

  all(): Claimed[] {
    return [...this.lanes.values()].flat();
  }

  /** Takes out, wherever they stand. */
  remove(which: (claimed: Claimed) => boolean): Claimed[] {
    const removed: Claimed[] = [];
    for (const [merchantId, lane] of this.lanes) {
      const kept = lane.filter((claimed) => !which(claimed));
      if (kept.length === lane.length) continue;
      removed.push(...lane.filter(which));
      if (kept.length === 0) this.lanes.delete(merchantId);
      else this.lanes.set(merchantId, kept);
    }
    this.waiting -= removed.length;
    return removed;
  }
}
