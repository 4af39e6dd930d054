import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { setTimeout as wait } from 'node:timers/promises';
import { Gauge } from 'prom-client';
import { Transactions, WakeListener } from '../../platform/database/index.js';
import { CREDENTIALS, type Credentials } from '../../platform/http/index.js';
import { Metrics } from '../../platform/observability/index.js';
import { SLEEP_MAX_MS, WakefulLoop } from '../../platform/workers/index.js';
import { webhookProblem } from '../webhooks.problems.js';
import { EventFeedQueries } from './event-feed.queries.js';
import { EventStream, type StreamReader } from './event-stream.js';

/** Enough for every deployment of a merchant to have one of its own, few enough that one key can not take all. */
const STREAMS_PER_KEY_MAX = 10;
/** Each holds a socket and at most one page in memory. */
const STREAMS_MAX = 500;
/** A refused client may try again when one that is closing has closed. */
const RETRY_AFTER_S = 5;
/** Wakes of a busy engine come by the hundred a second; one look serves all that came within this time. */
const GATHER_MS = 10;
/** After a wake the event may still stand behind an older transaction: looked at again soon, then ever more rarely. */
const LOOK_AGAIN_MS = 20;

/**
 * The open event streams of this process. All of them are read by one short statement, so an idle stream costs neither a
 * connection nor a transaction; NOTIFY says when to look, and a look every second finds what a lost wake did not tell.
 */
@Injectable()
export class EventStreams implements BeforeApplicationShutdown {
  private readonly streams = new Set<EventStream>();
  private readonly loop = new WakefulLoop(EventStreams.name, () => this.round());
  private pause_ms = LOOK_AGAIN_MS;
  private ended = false;

  constructor(
    private readonly transactions: Transactions,
    private readonly feed: EventFeedQueries,
    private readonly wakes: WakeListener,
    @Inject(CREDENTIALS) private readonly credentials: Credentials,
    { registry }: Metrics,
  ) {
    const open: Gauge = new Gauge({
      name: 'tranche_event_streams',
      help: 'Event streams that this process has open.',
      registers: [registry],
      collect: () => {
        open.set(this.streams.size);
      },
    });
  }

  /** Answers with events until one side has enough. @throws `too_many_streams` */
  open(reader: StreamReader, response: Response): void {
    const ofKey = [...this.streams].filter((stream) => stream.reader.keyId === reader.keyId).length;
    if (ofKey >= STREAMS_PER_KEY_MAX) throw tooMany(`This key has ${String(STREAMS_PER_KEY_MAX)} streams open. Close one.`);
    if (this.streams.size >= STREAMS_MAX) throw tooMany('This process has no place for another stream. Read pages meanwhile.');
    const stream = new EventStream(reader, response);
    if (this.ended || response.req.method === 'HEAD') {
      stream.end();
      return;
    }
    this.streams.add(stream);
    response.once('close', () => this.streams.delete(stream));
    this.loop.start(() => this.wakes.on('follow', () => this.look()));
    this.look();
  }

  /** Ends every stream, and any that is opened from now on: their clients go on where they stopped, at another process. */
  endAll(): void {
    this.ended = true;
    for (const stream of this.streams) stream.end();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.endAll();
    await this.loop.stop();
  }

  private look(): void {
    this.pause_ms = LOOK_AGAIN_MS;
    this.loop.wake();
  }

  /** @returns milliseconds until the next look. */
  private async round(): Promise<number> {
    if (this.streams.size === 0) return SLEEP_MAX_MS;
    await wait(GATHER_MS);
    for (const stream of this.streams) stream.tick();
    await this.endRevoked();
    const readers = [...this.streams].filter(({ takes }) => takes);
    const places = readers.map(({ reader, at }) => ({ ...reader, at }));
    const pages = await this.transactions.asEngine((tx) => this.feed.follow(tx, places));
    pages.forEach(({ rows, isPassed }, index) => {
      // Its client comes back with its cursor, and is told that it is expired as by any page.
      if (isPassed) readers[index]?.end();
      else readers[index]?.tell(rows);
    });
    if (pages.some(({ hasMore }) => hasMore)) return 0;
    this.pause_ms = Math.min(this.pause_ms * 2, SLEEP_MAX_MS);
    return this.pause_ms;
  }

  /** The look-up is remembered for some seconds (see KeyCredentials), so a stream outlives its key by no more than a request does. */
  private async endRevoked(): Promise<void> {
    const bearers = [...new Set([...this.streams].map(({ reader }) => reader.bearer))];
    const callers = await Promise.all(bearers.map((bearer) => this.credentials.identify(bearer)));
    const dead = new Set(bearers.filter((_, index) => callers[index]?.kind === 'nobody'));
    for (const stream of this.streams) if (dead.has(stream.reader.bearer)) stream.end();
  }
}

const tooMany = (detail: string) =>
  webhookProblem('too_many_streams', detail, { headers: { 'Retry-After': String(RETRY_AFTER_S) } });
