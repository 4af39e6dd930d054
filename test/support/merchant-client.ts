import type { BulkDto, CancelBulkResponseDto } from '../../src/bulks/index.js';
import type { CreatedMerchantDto } from '../../src/merchants/dto/merchant.dto.js';
import type { AttemptDto, ExplanationDto, PayoutDto } from '../../src/payouts/dto/payout-response.dto.js';
import type { CreatedEndpointDto } from '../../src/webhooks/endpoints/endpoint-response.dto.js';
import { type Answer, ApiClient } from './api-client.js';
import type { Item } from './items.js';
import { eventually } from './until.js';

export type Bulk = BulkDto;
export type Payout = Omit<PayoutDto, 'payout_method' | 'billing_data'> & {
  readonly payout_method: Readonly<Record<string, unknown>> | null;
  readonly billing_data: Readonly<Record<string, unknown>> | null;
};
export type Attempt = AttemptDto;
export type Explanation = ExplanationDto;
export type Cancelled = CancelBulkResponseDto;

/** A webhook body with its id, as the feed shows it. */
export interface FeedEvent {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: {
    readonly event_id: string;
    readonly sequence: number;
    readonly bulk_id: string;
    readonly payout_id?: string;
    readonly reference?: string;
    readonly previous_status?: string | null;
    readonly status: string;
    readonly final?: boolean;
    readonly [member: string]: unknown;
  };
}

/** The client of one merchant, with the steps that stories repeat. */
export class MerchantClient extends ApiClient {
  readonly id: string;
  readonly webhookSecret: string;

  constructor(
    url: string,
    readonly created: CreatedMerchantDto,
    /** Resolves when the feed tells all that has been committed until now: it waits for older transactions that still run. */
    readonly feedHasCaughtUp: () => Promise<void>,
  ) {
    super(url, created.api_key);
    this.id = created.id;
    this.webhookSecret = created.webhook_signing_secret;
  }

  /** Creates a bulk of these items, or of this body, and expects it to be accepted. */
  async createBulk(given: readonly Item[] | Readonly<Record<string, unknown>>): Promise<Bulk> {
    const answer = await this.post<Bulk>('/v1/bulks', Array.isArray(given) ? { items: given } : given);
    return accepted(answer, 201);
  }

  /** Creates a bulk and waits until every payout of it is judged. */
  async createValidated(given: readonly Item[] | Readonly<Record<string, unknown>>): Promise<Bulk> {
    return this.untilValidated((await this.createBulk(given)).id);
  }

  async bulk(id: string): Promise<Bulk> {
    return accepted(await this.get<Bulk>(`/v1/bulks/${id}`), 200);
  }

  async payout(id: string): Promise<Payout> {
    return accepted(await this.get<Payout>(`/v1/payouts/${id}`), 200);
  }

  /** In the order of their positions. */
  payouts(bulkId: string): Promise<Payout[]> {
    return this.all<Payout>(`/v1/bulks/${bulkId}/payouts`);
  }

  /** The only payout of the bulk, or the one of this reference. */
  async payoutOf(bulkId: string, reference?: string): Promise<Payout> {
    const payouts = await this.payouts(bulkId);
    const found = payouts.filter((payout) => reference === undefined || payout.reference === reference);
    if (found.length !== 1) throw new Error(`${String(found.length)} payouts of ${reference ?? 'the bulk'}`);
    return found[0]!;
  }

  /** A payout's events, a bulk's, or all of this merchant's, in the order in which they are told: everything until now. */
  async events(path = '/v1/events'): Promise<FeedEvent[]> {
    await this.feedHasCaughtUp();
    const events: FeedEvent[] = [];
    for (;;) {
      const after = events.at(-1)?.id;
      const page = await this.get<{ data: FeedEvent[]; has_more: boolean }>(
        `${path}${path.includes('?') ? '&' : '?'}limit=1000${after === undefined ? '' : `&after=${after}`}`,
      );
      if (page.status !== 200) throw new Error(`${path} answered ${String(page.status)}: ${page.text}`);
      events.push(...page.body.data);
      if (!page.body.has_more) return events;
    }
  }

  async attempts(payoutId: string): Promise<Attempt[]> {
    return accepted(await this.get<{ data: Attempt[] }>(`/v1/payouts/${payoutId}/attempts`), 200).data;
  }

  async explanation(payoutId: string): Promise<Explanation> {
    return accepted(await this.get<Explanation>(`/v1/payouts/${payoutId}/explanation`), 200);
  }

  async registerEndpoint(url: string, more: object = {}): Promise<CreatedEndpointDto> {
    return accepted(await this.post<CreatedEndpointDto>('/v1/webhook-endpoints', { url, ...more }), 201);
  }

  untilBulk(id: string, holds: (bulk: Bulk) => boolean): Promise<Bulk> {
    return eventually(() => this.bulk(id), holds);
  }

  untilPayout(id: string, holds: (payout: Payout) => boolean): Promise<Payout> {
    return eventually(() => this.payout(id), holds);
  }

  /** Until every payout of the bulk has its verdict. */
  untilValidated(id: string): Promise<Bulk> {
    return this.untilBulk(id, ({ counts }) => !('VALIDATION_PENDING' in counts) && !('VALIDATION_IN_PROGRESS' in counts));
  }

  /** Until nothing of the bulk changes any more by itself: every payout final, and so its intent. */
  async untilAtRest(id: string): Promise<Payout[]> {
    return eventually(
      () => this.payouts(id),
      (payouts) => payouts.every(({ final }) => final),
    );
  }
}

function accepted<Body>(answer: Answer<Body>, status: number): Body {
  if (answer.status !== status) throw new Error(`answered ${String(answer.status)} instead of ${String(status)}: ${answer.text}`);
  return answer.body;
}
