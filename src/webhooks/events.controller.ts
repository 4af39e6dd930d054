import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Transactions } from '../platform/database/index.js';
import { idOf, Merchant, type MerchantPrincipal, notFound, Operation, Scopes, toList } from '../platform/http/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { EventDto, EventFeedQuery, EventListDto, EventPageQuery } from './dto/event.dto.js';
import { EventFeedQueries, type EventPage, type EventRow, type EventScope } from './event-feed.queries.js';
import { idFilter } from './id-filter.js';

/** Everything that happened, in one order that every reader sees alike. */
@ApiTags('Events')
@Scopes('events:read')
@Controller('v1')
export class EventsController {
  constructor(
    private readonly transactions: Transactions,
    private readonly feed: EventFeedQueries,
  ) {}

  /** All events, oldest first. An event never appears behind one that was already answered, so `after` misses nothing. */
  @Operation('listEvents', { refuses: ['invalid_cursor'] })
  @Get('events')
  async list(@Merchant() merchant: MerchantPrincipal, @Query() query: EventFeedQuery): Promise<EventListDto> {
    const scope = { bulkId: idFilter('bulk', query.bulk_id), payoutId: idFilter('payout', query.payout_id) };
    return toList(
      await this.transactions.asMerchant(merchant.id, (tx) => this.feed.page(tx, merchant.id, { page: query, scope })),
      toEvent,
    );
  }

  /** The events of one bulk and its payouts, oldest first. */
  @Operation('listBulkEvents', { refuses: ['invalid_cursor'] })
  @Get('bulks/:id/events')
  listOfBulk(
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('bulk')) bulkId: string,
    @Query() query: EventPageQuery,
  ): Promise<EventListDto> {
    return this.listOf(merchant, { bulkId, payoutId: null }, query);
  }

  /** The events of one payout, oldest first: its history, with the difference that each edit made. */
  @Operation('listPayoutEvents', { refuses: ['invalid_cursor'] })
  @Get('payouts/:id/events')
  listOfPayout(
    @Merchant() merchant: MerchantPrincipal,
    @Param('id', idOf('payout')) payoutId: string,
    @Query() query: EventPageQuery,
  ): Promise<EventListDto> {
    return this.listOf(merchant, { bulkId: null, payoutId }, query);
  }

  private listOf(merchant: MerchantPrincipal, scope: EventScope, page: EventPage): Promise<EventListDto> {
    return this.transactions.asMerchant(merchant.id, async (tx) => {
      if (!(await this.feed.knows(tx, merchant.id, scope))) throw notFound();
      return toList(await this.feed.page(tx, merchant.id, { page, scope }), toEvent);
    });
  }
}

const toEvent = (row: EventRow): EventDto => ({
  id: toTypeId('event', row.id),
  ...(JSON.parse(row.body.toString('utf8')) as Omit<EventDto, 'id'>),
});
