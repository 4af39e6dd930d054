import { Logger } from '@nestjs/common';
import { isUnanswered } from '../database/index.js';
import { ownPace, type Pace } from './pace.js';

/** One statement's most. */
const GROUP_MAX = 500;
/** While the database is away results are kept and tried again this often; their leases bring others in if it takes long. */
const RETRY_MS = 500;

export interface GroupSettling<Result> {
  /** Writes a group in one transaction; a second try after a commit of unknown outcome has to find the fence raised. */
  settle(results: readonly Result[]): Promise<void>;
  /** A result that could not be written even alone; its lease brings it back. */
  giveUp(result: Result): void;
  /** That of the process, where nothing is said. */
  readonly pace?: Pace;
}

/**
 * Collects what calls have brought and settles it in groups, one at a time: at once while idle, in larger groups the busier it
 * gets. Two at a time were smaller, and cost more than the second saved by being prepared while the first was committed. No result
 * is dropped because the database is away for a moment, and a fault that one brings does not cost the others theirs.
 */
export class GroupSettler<Result> {
  private readonly logger: Logger;
  private readonly queue: Result[] = [];
  /** What is being written. */
  private group: Promise<void> | null = null;
  private readonly pace: Pace;
  private waitingForMore = false;

  constructor(
    name: string,
    private readonly settling: GroupSettling<Result>,
  ) {
    this.logger = new Logger(name);
    this.pace = settling.pace ?? ownPace;
  }

  push(result: Result): void {
    this.queue.push(result);
    if (this.waitingForMore) return;
    // Not at once, so that answers that came together are settled together.
    this.waitingForMore = true;
    this.pace.soon(() => {
      this.waitingForMore = false;
      this.flush();
    });
  }

  /** Resolves when everything that was pushed is settled. */
  async drain(): Promise<void> {
    this.flush();
    while (this.group !== null) await this.group;
  }

  private flush(): void {
    if (this.group !== null || this.queue.length === 0) return;
    this.group = this.settle(this.queue.splice(0, GROUP_MAX)).finally(() => {
      this.group = null;
      this.flush();
    });
  }

  /** For whoever has a group already. Resolves when all of it is settled, or given up one by one; never rejects. */
  async settle(results: readonly Result[]): Promise<void> {
    for (;;) {
      try {
        await this.settling.settle(results);
        return;
      } catch (error) {
        if (!isUnanswered(error)) {
          await this.isolate(results, error);
          return;
        }
        this.logger.warn(`the database is away; ${results.length} results are kept and tried again in ${RETRY_MS} ms`);
        await this.pace.wait(RETRY_MS);
      }
    }
  }

  private async isolate(results: readonly Result[], error: unknown): Promise<void> {
    const [only, ...others] = results;
    if (only !== undefined && others.length === 0) {
      this.logger.error({ message: 'a result could not be settled; its lease brings it back', error });
      this.settling.giveUp(only);
      return;
    }
    this.logger.error({ message: `settling ${results.length} results together failed; each goes alone`, error });
    for (const result of results) await this.settle([result]);
  }
}
