import { setTimeout as wait } from 'node:timers/promises';
import { readBlocks } from './read-blocks.js';

/** The server's heart beats every 15 s: three beats missed, and nobody is there. */
const SILENCE_MAX_MS = 45_000;
/** Doubling with full jitter, so that many that lost the same server do not come back in step. */
const RECONNECT_MS = 250;
const RECONNECT_MAX_MS = 15_000;

/** The server will not have us, now or later: a wrong key, an unknown cursor. */
export class RefusedError extends Error {}

export interface Followed {
  readonly server: URL;
  readonly apiKey: string;
  /** An event id, `beginning` or `latest`. */
  readonly from: string;
  readonly signal: AbortSignal;
  /** Told why, whenever the stream is lost. */
  readonly onLost: (reason: string) => void;
}

/**
 * Every event behind `from`, for as long as the signal lets it: connects again by itself, behind the last event that the
 * caller has come back from. Safe to kill anywhere, because the server keeps no cursor: whoever knows the last id goes on there.
 * @throws RefusedError
 */
export async function* followEvents({
  server,
  apiKey,
  from,
  signal,
  onLost,
}: Followed): AsyncGenerator<{ id: string; body: string }> {
  let last = from;
  for (let failures = 0; ; failures += 1) {
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(new Error('nothing was heard of the server')), SILENCE_MAX_MS);
    try {
      const pieces = await connect({ server, apiKey, last, signal: AbortSignal.any([signal, silence.signal]) });
      for await (const { id, data } of readBlocks(pieces)) {
        failures = 0;
        timer.refresh();
        if (id !== null && data !== null) yield { id, body: data };
        last = id ?? last;
      }
      onLost('the server ended the stream');
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof RefusedError) throw error;
      onLost(reasonOf(error));
    } finally {
      clearTimeout(timer);
    }
    const pause_ms = Math.random() * Math.min(RECONNECT_MAX_MS, RECONNECT_MS * 2 ** failures);
    await wait(pause_ms, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }
}

async function connect({
  server,
  apiKey,
  last,
  signal,
}: {
  server: URL;
  apiKey: string;
  last: string;
  signal: AbortSignal;
}): Promise<AsyncIterable<Uint8Array>> {
  const url = new URL(`${server.pathname.replace(/\/$/, '')}/v1/events/stream`, server);
  url.searchParams.set('after', last);
  const answer = await fetch(url, {
    headers: { authorization: `Bearer ${apiKey}`, accept: 'text/event-stream' },
    redirect: 'error',
    signal,
  });
  if (answer.ok && answer.body !== null) return answer.body;
  const text = `${String(answer.status)} ${detailOf(await answer.text())}`;
  if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) throw new RefusedError(text);
  throw new Error(text);
}

/** Of a problem; of what is none, the beginning. */
function detailOf(text: string): string {
  try {
    return (JSON.parse(text) as { readonly detail: string }).detail;
  } catch {
    return text.slice(0, 200);
  }
}

/** fetch says "fetch failed" and keeps the reason beneath. */
export function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : message;
}
