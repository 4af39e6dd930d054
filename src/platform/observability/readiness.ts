import { Injectable } from '@nestjs/common';

export interface ReadinessCheck {
  readonly name: string;
  /**
   * @returns null where all is well, or a note where it is and there is something to know; else a sentence that says what is
   * missing. Throwing says the same, without the sentence.
   */
  check(): Promise<string | { readonly note: string } | null>;
}

export interface ReadinessReport {
  readonly status: 'ready' | 'not_ready';
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string | null }[];
}

/** Shorter than any probe waits, so that the probe learns what hangs instead of giving up. */
const CHECK_TIMEOUT_MS = 2_000;

/** What has to be true before this process takes work. Modules add their checks when they are initialised. */
@Injectable()
export class Readiness {
  private readonly checks: ReadinessCheck[] = [];

  add(check: ReadinessCheck): void {
    this.checks.push(check);
  }

  async report(): Promise<ReadinessReport> {
    const checks = await Promise.all(
      this.checks.map(async (check) => {
        const outcome = await outcomeOf(check);
        if (typeof outcome === 'string') return { name: check.name, ok: false, detail: outcome };
        return { name: check.name, ok: true, detail: outcome?.note ?? null };
      }),
    );
    return { status: checks.every(({ ok }) => ok) ? 'ready' : 'not_ready', checks };
  }
}

async function outcomeOf(check: ReadinessCheck): ReturnType<ReadinessCheck['check']> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, CHECK_TIMEOUT_MS, `no answer within ${String(CHECK_TIMEOUT_MS)} ms`);
  });
  try {
    return await Promise.race([check.check(), late]);
  } catch {
    // The error's own words may tell the world an address or a user name.
    return 'failed';
  } finally {
    clearTimeout(timer);
  }
}
