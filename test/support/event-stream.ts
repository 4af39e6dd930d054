import { assertEvent } from './event-schema.js';
import { until } from './until.js';

export interface StreamedEvent {
  readonly id: string;
  /** The bytes as text. */
  readonly data: string;
}

export interface OpenStream {
  readonly status: number;
  readonly headers: Headers;
  readonly events: StreamedEvent[];
  /** What a browser would send as `Last-Event-ID`. */
  lastId(): string | null;
  /** Everything as it came. */
  text(): string;
  /** Waits until so many events have come. */
  until(count: number): Promise<readonly StreamedEvent[]>;
  /** Resolves when the server has ended the answer. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Opens a stream as a browser's EventSource does, and keeps what comes (HTML standard 9.2.6). */
export async function openStream(url: string, key: string, headers: Readonly<Record<string, string>> = {}): Promise<OpenStream> {
  const abort = new AbortController();
  const answer = await fetch(url, { headers: { authorization: `Bearer ${key}`, ...headers }, signal: abort.signal });
  const events: StreamedEvent[] = [];
  let text = '';
  let rest = '';
  let lastId: string | null = null;
  const take = (block: string): void => {
    const fields = block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
    lastId = fields.find(([name]) => name === 'id')?.[1] ?? lastId;
    const data = fields.find(([name]) => name === 'data')?.[1];
    if (data === undefined) return;
    assertEvent(JSON.parse(data) as Parameters<typeof assertEvent>[0]);
    events.push({ id: lastId ?? '', data });
  };
  const ended = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      const came = decoder.decode(chunk, { stream: true });
      text += came;
      const blocks = (rest + came).split('\n\n');
      rest = blocks.pop() ?? '';
      blocks.forEach(take);
    }
  })();
  // Whoever closes does not wait for the end.
  ended.catch(() => undefined);
  return {
    status: answer.status,
    headers: answer.headers,
    events,
    lastId: () => lastId,
    text: () => text,
    until: async (count) => {
      await until(() => events.length >= count);
      return events;
    },
    ended,
    close: () => abort.abort(),
  };
}
