import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Transactions } from '../../platform/database/index.js';
import { kernelProblem, type KeysetPage } from '../../platform/http/index.js';
import { EventFeedQueries, type EventPage, type EventRow, type EventScope, type FeedPlace } from './event-feed.queries.js';

/** What keeps the feed back are mostly transactions of milliseconds; a client that hears nothing for longer gives up by itself. */
const WAIT_MAX_MS = 5_000;
const LOOK_MS = 100;

export interface FeedRequest {
  readonly merchantId: string;
  readonly page: EventPage;
  readonly scope: EventScope;
  /** Of one bulk: what is kept of it, also before what was removed. */
  readonly isHistory?: boolean;
}

/**
 * A page of the feed. Behind an event that the feed has not come to (its id came with a webhook) it waits until it has, and answers
 * what the feed has shown since it was asked: the event itself, and what was committed before it meanwhile. An empty page would
 * have the client ask again, with the same id, when those lie before it.
 */
@Injectable()
export class ReadFeed {
  constructor(
    private readonly transactions: Transactions,
    private readonly feed: EventFeedQueries,
  ) {}

  /** @throws `invalid_cursor`, also where the feed does not come to the event in time. */
  async execute(request: FeedRequest, waitMax_ms = WAIT_MAX_MS): Promise<KeysetPage<EventRow>> {
    const ends_ms = performance.now() + waitMax_ms;
    let look = await this.look(request, null);
    while (look.waits && look.found.rows.length === 0) {
      if (performance.now() > ends_ms) throw tooFarAhead();
      await delay(LOOK_MS);
      look = await this.look(request, look.from);
    }
    return look.found;
  }

  /** @param known where the page begins; null: where the feed stands for it now. */
  private look({ merchantId, page, scope, isHistory }: FeedRequest, known: FeedPlace | null): Promise<Look> {
    return this.transactions.asMerchant(merchantId, async (tx) => {
      const start = await this.feed.start(tx, merchantId, { after: page.after, isHistory });
      const from = known ?? start;
      return { waits: start.isBefore, from, found: await this.feed.page(tx, merchantId, { from, page, scope, isHistory }) };
    });
  }
}

interface Look {
  /** The feed has not come to what is asked for. */
  readonly waits: boolean;
  readonly from: FeedPlace;
  readonly found: KeysetPage<EventRow>;
}

const tooFarAhead = () =>
  kernelProblem(
    'invalid_cursor',
    'The feed has not come to this event yet, because something before it is still being written. Go on from the last id of one of its pages.',
  );
