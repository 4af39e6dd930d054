import { setTimeout as wait } from 'node:timers/promises';
import type { ApiClient } from './api-client.js';
import type { Bulk } from './contract.js';
import type { Receiver } from './receiver.js';
import { blue, dim, green, red, type Screen, yellow } from './screen.js';

const LOOK_EVERY_MS = 200;
/** Fits a terminal of 80 columns: a line that wraps could not be drawn again. */
const BAR_WIDTH = 64;

interface Look {
  readonly status: string;
  readonly paint: (text: string) => string;
  readonly mark: string;
}

/** From the end of the lifecycle to its beginning, so that the bar fills from the left. */
const STATUSES: readonly Look[] = [
  { status: 'PROCESSED', paint: green, mark: '█' },
  { status: 'INTENT_CREATION_FAILED', paint: red, mark: '█' },
  { status: 'CANCELLED', paint: dim, mark: '▒' },
  { status: 'PROCESSING_IN_PROGRESS', paint: yellow, mark: '█' },
  { status: 'SCHEDULED', paint: blue, mark: '▓' },
  { status: 'VALIDATION_FAILED', paint: red, mark: '▒' },
  { status: 'VALIDATION_IN_PROGRESS', paint: yellow, mark: '░' },
  { status: 'VALIDATION_PENDING', paint: dim, mark: '░' },
];

/** Looks at the bulk again and again, and shows what it sees. */
export class Watch {
  private readonly started = performance.now();

  constructor(
    private readonly api: ApiClient,
    private readonly receiver: Receiver,
    private readonly screen: Screen,
  ) {}

  /** @returns the bulk as soon as the condition holds. @throws where it does not in time. */
  async until(bulkId: string, patience_ms: number, holds: (bulk: Bulk) => boolean | Promise<boolean>): Promise<Bulk> {
    const late = performance.now() + patience_ms;
    for (;;) {
      const bulk = await this.api.get<Bulk>(`/v1/bulks/${bulkId}`);
      this.show(bulk);
      if (await holds(bulk)) return bulk;
      if (performance.now() > late) {
        throw new Error(
          `after ${patience_ms / 1000} s the bulk is still at ${JSON.stringify(bulk.counts)}, ${JSON.stringify(bulk.outcome)}`,
        );
      }
      await wait(LOOK_EVERY_MS);
    }
  }

  private show({ counts, item_count: all, outcome }: Bulk): void {
    const seconds = ((performance.now() - this.started) / 1000).toFixed(0).padStart(2, '0');
    const present = STATUSES.map((look) => ({ ...look, count: counts[look.status] ?? 0 })).filter(({ count }) => count > 0);
    const { succeeded, failed, pending, returned } = outcome;
    const webhooks = `${this.receiver.events.length} webhooks received and verified`;
    this.screen.draw(
      [
        '',
        present.map(({ paint, mark, count }) => paint(mark.repeat(widthOf(count, all)))).join(''),
        ...present.map(({ status, paint, mark, count }) => `${paint(mark)} ${String(count).padStart(5)} ${status}`),
        dim(`${seconds} s · money: ${succeeded} succeeded, ${pending} pending, ${failed} failed, ${returned} returned`),
        dim(`${' '.repeat(seconds.length)}   ${webhooks}`),
        '',
      ],
      `${seconds} s  ${present.map(({ status, count }) => `${status} ${count}`).join(' · ')} · ${webhooks}`,
    );
  }
}

/** At least one mark, so that nobody is left out of the picture. */
const widthOf = (count: number, all: number): number => Math.max(1, Math.round((count / all) * BAR_WIDTH));
