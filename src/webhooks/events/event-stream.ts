import type { Response } from 'express';
import { cursorOf, type EventScope, type FeedPlace, type FollowedRow } from './event-feed.queries.js';

/** Proxies cut what is silent for 30 s to a minute; a client that hears nothing for three of these may connect anew. */
const HEARTBEAT_MS = 15_000;
/** A reader that takes nothing for this long is gone, or would keep its place for nothing. */
const STALLED_MAX_MS = 60_000;
/** How soon a client is to come back: most wait 3 s where they are not told. */
const RECONNECT_MS = 1_000;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // `no-transform`: a proxy that compresses would keep events until it has enough of them. The last header is nginx's word for it.
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

export interface StreamReader {
  /** Uuids. */
  readonly merchantId: string;
  readonly keyId: string;
  /** The key itself, to be asked about again while the stream is open. */
  readonly bearer: string;
  readonly scope: EventScope;
  readonly type: string | null;
  readonly from: FeedPlace;
}

/**
 * One open answer of server-sent events. `data` is the body of the webhook byte for byte, `id` the event's: what a client
 * sends back as `Last-Event-ID`. Without `event:`, so that a reader of `message` misses no type that is new.
 */
export class EventStream {
  /** How far the feed was read for it, events that the filters left out included. */
  private read: FeedPlace;
  /** The cursor that its client has. */
  private told = '';
  private wrote_ms = performance.now();
  private stalled = false;

  constructor(
    readonly reader: StreamReader,
    private readonly response: Response,
  ) {
    this.read = reader.from;
    response.status(200).set(HEADERS).flushHeaders();
    response.on('drain', () => (this.stalled = false));
    // What goes wrong with one client's answer ends that answer, never the process.
    response.on('error', () => response.destroy());
    this.write(`retry: ${String(RECONNECT_MS)}\n${this.place()}`);
  }

  get at(): FeedPlace {
    return this.read;
  }

  /** Nothing is read for a client that has not taken what it was sent: its memory is its own, not ours; nor behind the end. */
  get takes(): boolean {
    return !this.stalled && !this.response.writableEnded;
  }

  /** @param rows what lies behind `at`, in order; those without a body are not for this reader. */
  tell(rows: readonly FollowedRow[]): void {
    const last = rows.at(-1);
    if (last === undefined) return;
    this.read = last;
    const told = rows.filter((row): row is FollowedRow & { body: Buffer } => row.body !== null);
    const lastTold = told.at(-1);
    if (lastTold === undefined) return;
    this.told = cursorOf(lastTold);
    this.write(Buffer.concat(told.flatMap(frameOf)));
  }

  /** Called about every second. */
  tick(): void {
    const silent_ms = performance.now() - this.wrote_ms;
    if (!this.takes && silent_ms > STALLED_MAX_MS) this.response.destroy();
    else if (this.takes && silent_ms > HEARTBEAT_MS) this.write(`: heartbeat\n${this.place()}`);
  }

  /** What was written before is still sent, for as long as its client takes it. */
  end(): void {
    this.response.end();
  }

  /** An id without data moves a client's cursor and tells it nothing: what was filtered out is not read again. */
  private place(): string {
    const cursor = cursorOf(this.read);
    if (cursor === this.told) return '\n';
    this.told = cursor;
    return `id: ${cursor}\n\n`;
  }

  /** Not behind the end, which may have come while its events were read. */
  private write(text: string | Buffer): void {
    if (this.response.writableEnded) return;
    this.wrote_ms = performance.now();
    this.stalled = !this.response.write(text);
  }
}

/** The body is JSON in one line: no line end in it needs escaping. */
const frameOf = (row: FollowedRow & { readonly body: Buffer }): Buffer[] => [
  Buffer.from(`id: ${cursorOf(row)}\ndata: `),
  row.body,
  Buffer.from('\n\n'),
];
