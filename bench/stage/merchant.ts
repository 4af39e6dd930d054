import { fromTypeId } from '../../src/platform/ids/index.js';
import type { BenchServers } from './servers.js';

export type Body = Readonly<Record<string, unknown>>;

export const PAYOUTS_PER_BULK = 1_000;

export interface Request {
  readonly key: string;
  readonly body: Body;
  readonly method?: string;
}

export async function send(url: string, { key, body, method = 'POST' }: Request): Promise<Record<string, string>> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url} answered ${String(answer.status)}: ${await answer.text()}`);
  // A deletion answers nothing.
  return answer.status === 204 ? {} : ((await answer.json()) as Record<string, string>);
}

/** Of a bulk whose payouts are judged and then wait: else they would be paid while something else is measured. */
export const LATER: Body = { scheduled_date: new Date(Date.now() + 86_400_000).toISOString() };

/** Receivers of several kinds, so that validation runs the rules of IBANs, phone numbers and e-mail addresses. */
const METHODS = [
  { type: 'bank_account', iban: 'DE89370400440532013000', bic: 'COBADEFFXXX', account_holder: 'Ada Lovelace' },
  { type: 'bank_account', iban: 'FR1420041010050500013M02606', account_holder: 'Ada Lovelace' },
  { type: 'mobile_wallet', provider: 'mpesa', phone_number: '+254712345678' },
  { type: 'paypal', email: 'ada@example.com' },
] as const;

export const itemOf = (reference: string, place = 0, more: Body = {}): Body => ({
  reference,
  amount: '120.50',
  currency: 'EUR',
  payout_method: METHODS[place % METHODS.length],
  billing_data: {
    first_name: 'Ada',
    last_name: 'Lovelace',
    email: 'ada@example.com',
    phone_number: '+493012345678',
    address: { line1: 'Unter den Linden 1', city: 'Berlin', postal_code: '10117', country: 'DE' },
  },
  metadata: { invoice: reference },
  ...more,
});

interface Bulk {
  readonly id: string;
  readonly uuid: string;
  readonly references: readonly string[];
}

/** A merchant as its own program would be: an API key and the bulks that it has made. */
export class BenchMerchant {
  private made = 0;

  constructor(
    private readonly account: { readonly api: string; readonly id: string; readonly key: string },
    private readonly servers: BenchServers,
  ) {}

  get id(): string {
    return this.account.id;
  }

  get key(): string {
    return this.account.key;
  }

  get uuid(): string {
    return fromTypeId('merchant', this.account.id) ?? '';
  }

  call(path: string, body: Body = {}, method = 'POST'): Promise<Record<string, string>> {
    return send(`${this.account.api}/v1${path}`, { key: this.account.key, body, method });
  }

  async get(path: string): Promise<unknown> {
    const answer = await fetch(`${this.account.api}/v1${path}`, { headers: { authorization: `Bearer ${this.account.key}` } });
    if (!answer.ok) throw new Error(`${path} answered ${String(answer.status)}: ${await answer.text()}`);
    return answer.json();
  }

  /** A full bulk, or one of so many, with references that no bulk of this merchant has had. */
  draft({ payouts = PAYOUTS_PER_BULK, ...more }: Body & { readonly payouts?: number } = {}): Body & { readonly items: Body[] } {
    this.made += 1;
    const items = Array.from({ length: payouts }, (_, place) => itemOf(`${this.made}-${place}`, place));
    return { ...more, items };
  }

  async create(draft: Body & { readonly items: readonly Body[] } = this.draft()): Promise<Bulk> {
    const { id = '' } = await this.call('/bulks', draft);
    return { id, uuid: fromTypeId('bulk', id) ?? '', references: draft.items.map(({ reference }) => String(reference)) };
  }

  /** As many payouts, in full bulks, each validated. */
  async createValidated(payouts: number, more: Body = {}): Promise<Bulk[]> {
    const bulks: Bulk[] = [];
    for (let left = payouts; left > 0; left -= PAYOUTS_PER_BULK) {
      bulks.push(await this.create(this.draft({ ...more, payouts: Math.min(left, PAYOUTS_PER_BULK) })));
    }
    await this.untilValidated();
    return bulks;
  }

  /** A disabled endpoint has every delivery written and none sent: sending has a row of its own. */
  async holdDeliveries(): Promise<void> {
    const { id } = await this.call('/webhook-endpoints', { url: 'http://127.0.0.1:9/hooks' });
    await this.call(`/webhook-endpoints/${id ?? ''}/disable`);
  }

  /** @returns the milliseconds since `start`. */
  untilValidated(start = performance.now()): Promise<number> {
    return this.untilNone('validation_pending + validation_in_progress > 0', start);
  }

  untilProcessed(start = performance.now()): Promise<number> {
    return this.untilNone('processed < item_count - cancelled', start);
  }

  private untilNone(left: string, start: number): Promise<number> {
    const from = `bulk_progress g JOIN bulk b ON b.id = g.bulk_id WHERE b.merchant_id = $1 AND ${left}`;
    return this.servers.untilNone(from, [this.uuid], start);
  }
}
