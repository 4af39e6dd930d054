import { Logger } from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import type pg from 'pg';

/** What the supervisor does with the server that it watches. */
export interface SupervisedServer {
  /** Finds the server running, or starts it. @returns whether it had to be started. */
  ensure(): Promise<boolean>;
  /** Opens the session that shows for as long as we run that we use the server, even when our pool has let every connection go. */
  attend(): Promise<pg.Client>;
}

/** The first try follows a loss at once; then so long, doubling. */
const PAUSE_MS = 250;
/** A server that dies again and again costs one start in this time. Nobody gives up: what it lacks (memory, a disk) may come back. */
const PAUSE_MAX_MS = 30_000;
/** Whoever has lived for this long does not die from being started. */
const STEADY_MS = 60_000;

/**
 * Keeps the embedded server running for as long as we run, whatever ends it: the kernel for want of memory, somebody's kill.
 * The end of our own session tells; the pool and all that work with it try again by themselves.
 */
export class PostgresSupervisor {
  private readonly logger = new Logger('EmbeddedPostgres');
  private readonly leaving = new AbortController();
  private presence: pg.Client | null = null;
  private revival: Promise<void> = Promise.resolve();
  private tries = 0;
  private attendedAt = 0;

  constructor(private readonly server: SupervisedServer) {}

  /** @throws where the server does not answer. */
  async attend(): Promise<void> {
    const presence = await this.server.attend();
    this.presence = presence;
    this.attendedAt = performance.now();
    presence.once('end', () => {
      this.presence = null;
      if (!this.leaving.signal.aborted) this.revival = this.revive();
    });
  }

  /** Null while the server runs; else a sentence for whoever asks what is missing. */
  trouble(): string | null {
    return this.presence === null
      ? `the embedded PostgreSQL is gone and is being started again (try ${String(this.tries)})`
      : null;
  }

  /** Once it resolves, the server is left to itself. */
  async leave(): Promise<void> {
    this.leaving.abort();
    await this.revival;
    await this.presence?.end().catch(() => undefined);
  }

  private async revive(): Promise<void> {
    if (performance.now() - this.attendedAt > STEADY_MS) this.tries = 0;
    while (await this.mayTry()) {
      this.tries += 1;
      try {
        if (await this.server.ensure()) this.logger.warn('the server was gone and has been started again');
        await this.attend();
        return;
      } catch (error) {
        this.logger.error(`the server is gone and could not be started again: ${(error as Error).message}`);
      }
    }
  }

  /** After the pause that is due. @returns false where we are leaving. */
  private async mayTry(): Promise<boolean> {
    const pause_ms = this.tries === 0 ? 0 : Math.min(PAUSE_MAX_MS, PAUSE_MS * 2 ** (this.tries - 1));
    await wait(pause_ms, undefined, { signal: this.leaving.signal }).catch(() => undefined);
    return !this.leaving.signal.aborted;
  }
}
