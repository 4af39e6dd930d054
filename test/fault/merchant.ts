import { fromTypeId } from '../../src/platform/ids/index.js';
import type { Random } from '../simulation/random.js';
import type { AnswerNote } from '../simulation/world.js';
import { type Answer, ApiClient } from '../support/api-client.js';
import { type Item, METHODS, validItem } from '../support/items.js';
import type { Bulk, Cancelled, Payout } from '../support/merchant-client.js';
import type { ClusterMember } from './cluster.js';
import { comes, pause } from './patience.js';

/** A process that is frozen, or waits for its database, does not answer; another one is asked. */
const ANSWERS_WITHIN_MS = 4_000;
const ASKS_AGAIN_MS = 100;

/** What the merchant wants of one payout, after every change that was answered. */
export interface Wish {
  readonly reference: string;
  readonly iban: string;
  readonly currency: string;
  readonly scheduled_ms: number;
  /** Decides its fate at the provider: in [0, 1). */
  readonly roll: number;
  amount: string;
  /** `payout_…`, once its bulk was answered. */
  id: string | null;
}

type Told<Body> = Pick<Answer<Body>, 'status' | 'body' | 'text'>;
type Ask<Body> = (client: ApiClient, headers: Readonly<Record<string, string>>) => Promise<Told<Body>>;

/** Asks one process after the other, under one key, until one of them answers: as whoever uses the API has to. */
export async function insist<Body>(
  { members, apiKey, random }: { members: readonly ClusterMember[]; apiKey: string; random: Random },
  key: string,
  ask: Ask<Body>,
): Promise<Told<Body>> {
  let last: Told<Body> | null = null;
  await comes(`an answer to ${key}`, async () => {
    const asked = random.pick(members).url.then((url) => ask(new ApiClient(url, apiKey), { 'idempotency-key': key }));
    last = await Promise.race([asked.catch(() => null), pause(ANSWERS_WITHIN_MS).then(() => null)]);
    if (last !== null && last.status < 500 && !isInUse(last.body)) return true;
    await pause(ASKS_AGAIN_MS);
    return false;
  });
  return last!;
}

/** The merchant of one run: what it orders, changes and cancels, and what it was answered. */
export class RunMerchant {
  readonly wishes: Wish[] = [];
  readonly answers: AnswerNote[] = [];
  private orders = 0;

  constructor(
    private readonly run: number,
    private readonly receiverUrl: string,
    private readonly asking: Parameters<typeof insist>[0],
  ) {}

  /** One bulk of valid payouts, due one after the other over the next seconds. */
  async order(count: number, { over_s, after_s = 0 }: { over_s: number; after_s?: number }): Promise<Wish[]> {
    const { random } = this.asking;
    this.orders += 1;
    const reference = `run-${this.run}-${this.orders}`;
    const wishes = Array.from({ length: count }, (_, place): Wish => ({
      reference: `${reference}-${place}`,
      iban: METHODS.iban.iban,
      currency: 'EUR',
      scheduled_ms: Date.now() + Math.round((after_s + (over_s * place) / count) * 1000),
      roll: random.next(),
      amount: `${random.between(1, 900)}.${random.between(10, 99)}`,
      id: null,
    }));
    this.wishes.push(...wishes);
    // By its label a bulk that was created twice would be known.
    const body = { reference, label: reference, webhook_url: this.receiverUrl, items: wishes.map(itemOf) };
    const bulk = await insist<Bulk>(this.asking, reference, (client, headers) => client.post('/v1/bulks', body, headers));
    if (bulk.status !== 201) throw new Error(`no bulk: ${bulk.text}`);
    const listed = await insist<{ data: Payout[] }>(this.asking, `the payouts of ${reference}`, (client) =>
      client.get(`/v1/bulks/${bulk.body.id}/payouts?limit=1000`),
    );
    for (const wish of wishes) wish.id = listed.body.data.find((payout) => payout.reference === wish.reference)?.id ?? null;
    return wishes;
  }

  /** Another amount: what was answered 200 is what has to be paid. */
  async edit(wish: Wish): Promise<void> {
    const amount = `${this.asking.random.between(1_000, 2_000)}.00`;
    const answer = await insist(this.asking, `edit ${wish.reference}`, (client, headers) =>
      client.patch(`/v1/payouts/${wish.id ?? ''}`, { amount }, headers),
    );
    if (answer.status === 200) wish.amount = amount;
    this.note('edit', wish, answer.status === 200 ? 'edited' : answer.body.code);
  }

  async cancel(wish: Wish): Promise<void> {
    const answer = await insist<Cancelled>(this.asking, `cancel ${wish.reference}`, (client, headers) =>
      client.post(`/v1/payouts/${wish.id ?? ''}/cancel`, {}, headers),
    );
    this.note('cancel', wish, answer.body.results[0]?.outcome ?? answer.text);
  }

  private note(action: 'edit' | 'cancel', { id }: Wish, result: string): void {
    const payoutId = fromTypeId('payout', id ?? '');
    this.answers.push({
      ...{ action, payoutId, result, answered: true, ifMatch: null },
      ...{ at_ms: Date.now(), order: this.answers.length + 1 },
    });
  }
}

const itemOf = ({ reference, amount, currency, scheduled_ms }: Wish): Item =>
  validItem({ reference, amount, currency, scheduled_date: new Date(scheduled_ms).toISOString() });

const isInUse = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'code' in body && body.code === 'idempotency_key_in_use';
