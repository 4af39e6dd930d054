import { Logger } from '@nestjs/common';

/** A lost wake costs at most this long: the tables are the truth, the wake is only a hint. */
export const SLEEP_MAX_MS = 1_000;
/** After a fault (mostly: the database is away) the loop waits this long, doubling up to the second figure. */
const FAULT_WAIT_MS = 100;
const FAULT_WAIT_MAX_MS = 5_000;

/**
 * A worker of one process: runs a round, sleeps as long as the round says (at most a second), and starts over at once when
 * woken. A wake during a round is kept. A fault is logged and never ends the loop.
 */
export class WakefulLoop {
  private readonly logger: Logger;
  private stopped = false;
  private woken = false;
  private wakeUp: (() => void) | null = null;
  private running: Promise<void> | null = null;
  private unsubscribe: (() => void) | null = null;

  /** @param round does what is due and gives the milliseconds until more may be; 0: there may be more right now. */
  constructor(
    name: string,
    private readonly round: () => Promise<number>,
  ) {
    this.logger = new Logger(name);
  }

  /** @param subscribe asks for wakes until it is stopped, and gives what ends them. */
  start(subscribe?: (wake: () => void) => () => void): void {
    this.unsubscribe ??= subscribe?.(() => this.wake()) ?? null;
    this.running ??= this.run();
  }

  wake(): void {
    this.woken = true;
    this.wakeUp?.();
  }

  /** Resolves when the round that is under way has ended. */
  async stop(): Promise<void> {
    this.unsubscribe?.();
    this.stopped = true;
    this.wakeUp?.();
    await this.running;
  }

  private async run(): Promise<void> {
    let faults = 0;
    while (!this.stopped) {
      this.woken = false;
      let sleep_ms: number;
      try {
        sleep_ms = Math.min(await this.round(), SLEEP_MAX_MS);
        faults = 0;
      } catch (error) {
        faults += 1;
        sleep_ms = Math.min(FAULT_WAIT_MS * 2 ** (faults - 1), FAULT_WAIT_MAX_MS);
        this.logger.error({ message: `round failed (${faults} in a row), next in ${sleep_ms} ms`, error });
      }
      if (sleep_ms > 0) await this.sleep(sleep_ms, faults === 0);
    }
  }

  /** A wake does not cut the wait after a fault short, or a broken database would be asked in a tight loop. */
  private async sleep(sleep_ms: number, wakeable: boolean): Promise<void> {
    if (this.stopped || (wakeable && this.woken)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, sleep_ms);
      this.wakeUp = () => {
        if (!wakeable && !this.stopped) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.wakeUp = null;
  }
}
