import { kernelProblem } from './kernel.problems.js';
import type { Problem } from './problem.js';

/** What one key may hold of it at most, so that a second one finds room however greedy the first. */
const SHARE = 0.5;
/** By then bodies that are being read and worked on are through, on an ordinary day. */
const RETRY_AFTER_S = 1;

/**
 * Bounds the bytes of all bodies that this process reads or works on at once: each takes room as it arrives and gives it
 * back when its request is over. Nobody waits for room, because those who wait would hold what they have read so far:
 * who finds none is told to come again.
 */
export class BodyBudget {
  private used_bytes = 0;
  private readonly usedBy_bytes = new Map<string, number>();

  constructor(private readonly max_bytes: number) {}

  /** @returns the function that takes room for more bytes of this request, and the one that gives all of it back. */
  open(keyId: string): { readonly take: (bytes: number) => Problem | null; readonly close: () => void } {
    let own_bytes = 0;
    return {
      take: (bytes) => {
        const ofKey_bytes = (this.usedBy_bytes.get(keyId) ?? 0) + bytes;
        if (this.used_bytes + bytes > this.max_bytes || ofKey_bytes > this.max_bytes * SHARE) return tooBusy();
        own_bytes += bytes;
        this.used_bytes += bytes;
        this.usedBy_bytes.set(keyId, ofKey_bytes);
        return null;
      },
      close: () => {
        this.used_bytes -= own_bytes;
        const rest_bytes = (this.usedBy_bytes.get(keyId) ?? 0) - own_bytes;
        if (rest_bytes > 0) this.usedBy_bytes.set(keyId, rest_bytes);
        else this.usedBy_bytes.delete(keyId);
        own_bytes = 0;
      },
    };
  }
}

const tooBusy = (): Problem =>
  kernelProblem('too_busy', 'More large bodies are being read than there is room for. Send the same request again in a second.', {
    headers: { 'Retry-After': String(RETRY_AFTER_S) },
  });
