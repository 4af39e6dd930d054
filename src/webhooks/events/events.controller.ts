import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Transactions } from '../../platform/database/index.js';
import {
  bearerOf,
  idOf,
  Merchant,
  type MerchantPrincipal,
  notFound,
  Operation,
  Scopes,
  toList,
} from '../../platform/http/index.js';
import { idFilter, toTypeId } from '../../platform/ids/index.js';
import { EventFeedQueries, type EventRow, type EventScope } from './event-feed.queries.js';
import { EventStreams } from './event-streams.js';
import { EventDto, EventFeedQuery, EventListDto, EventPageQuery, EventStreamQuery } from './event.dto.js';
import { ReadFeed } from './read-feed.js';

const STREAM_EXAMPLE =
  'id: event_01jd3q8yv6f5w9x2k4m7n0p1rs\n' +
  'data: {"type":"payout.scheduled","timestamp":"2026-11-21T12:00:00.000Z","data":{"event_id":"event_01jd3q8yv6f5w9x2k4m7n0p1rs","sequence":3}}\n\n';

/** Everything that happened, in one order that every reader sees alike. */
@ApiTags('Events')
@Scopes('events:read')
@Controller('v1')
export class EventsController {
  constructor(
    private readonly transactions: Transactions,
    private readonly feed: EventFeedQueries,
    private readonly pages: ReadFeed,
    private readonly streams: EventStreams,
  ) {}

  /**
   * All events, oldest first. An event never appears behind one that was already answered, so `after` misses nothing. What is kept
   * for longer than other events that have been removed stands in the events of its bulk or payout only.
   */
  @Operation('listEvents', { refuses: ['invalid_cursor', 'cursor_expired'] })
  @Get('events')
  async list(@Merchant() merchant: MerchantPrincipal, @Query() query: EventFeedQuery): Promise<EventListDto> {
    return toList(await this.pages.execute({ merchantId: merchant.id, page: query, scope: scopeOf(query) }), toEvent);
  }

  /**
   * The same events as server-sent events: all behind the cursor, and then each as it happens. `data` is the webhook body byte for
   * byte, `id` the event's. Whoever reconnects with `Last-Event-ID` misses nothing. A heartbeat comes every 15 seconds, and may
   * carry an `id` without data. A stream ends when events that it has not shown were removed; its cursor is expired then.
   */
  @Operation('streamEvents', { refuses: ['invalid_cursor', 'cursor_expired', 'too_many_streams'] })
  @Get('events/stream')
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The last `id` that was read; counts before `after`. `EventSource` sends it by itself when it reconnects.',
    schema: { type: 'string' },
  })
  @ApiOkResponse({ content: { 'text/event-stream': { schema: { type: 'string' }, example: STREAM_EXAMPLE } } })
  async stream(
    @Merchant() { id: merchantId, keyId }: MerchantPrincipal,
    @Query() query: EventStreamQuery,
    @Req() { headers }: Request,
    @Res() response: Response,
  ): Promise<void> {
    const after = [headers['last-event-id']].flat()[0] || query.after;
    const from = await this.transactions.asMerchant(merchantId, (tx) => this.feed.start(tx, merchantId, { after }));
    const bearer = bearerOf(headers.authorization) ?? '';
    this.streams.open({ merchantId, keyId, bearer, scope: scopeOf(query), type: query.type ?? null, from }, response);
  }

  /** The events of one bulk and its payouts, oldest first: all that are kept. */
  @Operation('listBulkEvents', { refuses: ['invalid_cursor', 'cursor_expired'] })
  @Get('bulks/:id/events')
  async listOfBulk(
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('bulk')) bulkId: string,
    @Query() query: EventPageQuery,
  ): Promise<EventListDto> {
    const scope = { bulkId, payoutId: null };
    if (!(await this.transactions.asMerchant(merchant.id, (tx) => this.feed.knows(tx, merchant.id, scope)))) throw notFound();
    return toList(await this.pages.execute({ merchantId: merchant.id, page: query, scope, isHistory: true }), toEvent);
  }

  /** The events of one payout, oldest first: its history, as far as it is kept, with the difference that each edit made. */
  @Operation('listPayoutEvents', { refuses: ['invalid_cursor', 'cursor_expired'] })
  @Get('payouts/:id/events')
  listOfPayout(
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('payout')) payoutId: string,
    @Query() query: EventPageQuery,
  ): Promise<EventListDto> {
    return this.transactions.asMerchant(merchant.id, async (tx) => {
      if (!(await this.feed.knows(tx, merchant.id, { bulkId: null, payoutId }))) throw notFound();
      return toList(await this.feed.history(tx, merchant.id, { page: query, payoutId }), toEvent);
    });
  }
}

const scopeOf = ({ bulk_id, payout_id }: EventStreamQuery): EventScope => ({
  bulkId: idFilter('bulk', bulk_id),
  payoutId: idFilter('payout', payout_id),
});

const toEvent = (row: EventRow): EventDto => ({
  id: toTypeId('event', row.id),
  ...(JSON.parse(row.body.toString('utf8')) as Omit<EventDto, 'id'>),
});
