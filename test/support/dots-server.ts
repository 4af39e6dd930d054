import { randomBytes, randomUUID } from 'node:crypto';
import type { Connector } from '../../src/connectors/connector.js';
import { dotsConnectorType } from '../../src/connectors/dots/dots.connector.js';
import { openConnector } from './open-connector.js';
import {
  type Fate,
  mature,
  type RecordedRequest,
  RecordingServer,
  type Reply,
  type Standing,
  standingBy,
} from './recording-server.js';

interface SentItem {
  readonly user_id: string;
  readonly amount: number;
  readonly platform: string;
  readonly account_id?: string;
  readonly idempotency_key: string;
  readonly fund: boolean;
}

interface Sent {
  readonly idempotency_key?: string;
  readonly metadata?: unknown;
  readonly items: readonly SentItem[];
}

type Members = Readonly<Record<string, unknown>>;

interface DotsUser {
  readonly id: string;
  readonly phone: string;
  readonly sent: Members;
  methods: readonly (Members & { readonly id: string; readonly platform: string })[];
}

/** A batch in Dots' books; its status is that of the transfer of its item, `errors` what stands beside it. */
export interface DotsBatch extends Standing {
  readonly id: string;
  readonly created: string;
  readonly transferId: string;
  readonly sent: Sent;
  readonly item: SentItem;
}

/** The most that Dots lists at once. */
const LIST_MAX = 100;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const dotsError = (status: number, error_code: string, message = `${error_code}.`): Reply & object => ({
  status,
  body: { error_code, message },
});

const UNHEARD_OF = dotsError(404, 'not-found');

/**
 * Dots v2 on loopback, as far as its documentation says how it answers (batches of one item): a user for each phone number,
 * one account on each platform but for those at banks, and the key of a batch, which answers the first or is refused.
 */
export class DotsServer extends RecordingServer<SentItem> {
  readonly clientId = 'client-of-the-test';
  readonly apiKey = randomBytes(24).toString('base64url');
  readonly users: DotsUser[] = [];
  readonly batches: DotsBatch[] = [];
  /** Dots' guide and its reference say different things of a key that was used. */
  repeats: (item: SentItem) => 'answered' | 'refused' = () => 'answered';
  private readonly answers = new Map<string, Reply>();

  static start({ fate }: { readonly fate?: (item: SentItem, sends: number) => Fate } = {}): Promise<DotsServer> {
    return new DotsServer(fate).listening();
  }

  get config(): { base_url: string; client_id: string; api_key: string } {
    return { base_url: `${this.url}/api/v2`, client_id: this.clientId, api_key: this.apiKey };
  }

  /** Whoever calls so is answered so from now on. @param call such as `GET /payout-batches`; ids are written `*` */
  answer(call: string, reply: Reply): void {
    this.answers.set(call, reply);
  }

  /** As it was started. */
  reset(): void {
    this.answers.clear();
    this.requests.length = 0;
    this.repeats = () => 'answered';
    this.fate = () => ({});
  }

  under(key: string): readonly DotsBatch[] {
    return this.batches.filter(({ sent }) => sent.idempotency_key === key);
  }

  /** So often a batch of this amount was sent. */
  sendsOf(cents: number): number {
    return this.requests.filter(
      (request) => callOf(request) === 'POST /payout-batches' && request.body.includes(`"amount":${cents},`),
    ).length;
  }

  /** What it was asked, with `*` for ids. */
  get calls(): string[] {
    return this.requests.map(callOf);
  }

  protected replyTo(request: RecordedRequest): Reply {
    const { headers, body, query, path } = request;
    const expected = Buffer.from(`${this.clientId}:${this.apiKey}`).toString('base64');
    const { authorization = '' } = headers;
    if (authorization !== `Basic ${expected}`) return dotsError(401, 'unauthorized', `Not ${authorization}`);
    const call = callOf(request);
    const told = this.answers.get(call);
    if (told !== undefined) return told;
    const id = path.split('/')[4] ?? '';
    switch (call) {
      case 'POST /users':
        return this.addUser(JSON.parse(body) as Members);
      case 'PUT /users/*/payout-methods':
        return this.addMethod(id, JSON.parse(body) as Members);
      case 'POST /payout-batches':
        return this.create(JSON.parse(body) as Sent);
      case 'GET /payout-batches':
        return this.list(query);
      case 'GET /payout-batches/*/results':
        return this.show(id, query.get('include_request') === 'true');
      default:
        return UNHEARD_OF;
    }
  }

  private addUser(sent: Members): Reply {
    const missing = ['first_name', 'last_name', 'email', 'country_code', 'phone_number'].find((name) => !sent[name]);
    if (missing !== undefined) return dotsError(400, 'invalid-input', `${missing} is missing`);
    const phone = `${String(sent['country_code'])} ${String(sent['phone_number'])}`;
    let user = this.users.find((one) => one.phone === phone);
    if (user === undefined) this.users.push((user = { id: randomUUID(), phone, sent, methods: [] }));
    return { status: 200, body: { ...user.sent, id: user.id, status: 'verified' } };
  }

  private addMethod(userId: string, { platform, ...details }: Members): Reply {
    const user = this.users.find(({ id }) => id === userId);
    if (user === undefined || typeof platform !== 'string') return UNHEARD_OF;
    const same = user.methods.find((one) => JSON.stringify(one['details']) === JSON.stringify(details));
    const method = { id: same?.id ?? randomUUID(), platform, details };
    user.methods = [...user.methods.filter((one) => one !== same && (platform === 'ach' || one.platform !== platform)), method];
    return { status: 200, body: { id: method.id, platform } };
  }

  private create(sent: Sent): Reply {
    const key = sent.idempotency_key ?? '';
    const [first] = this.under(key);
    if (first !== undefined)
      return this.repeats(first.item) === 'answered'
        ? { status: 200, body: headOf(first) }
        : dotsError(400, 'invalid-input', 'key exists');
    const [item] = sent.items;
    if (item === undefined || sent.items.length > 1 || !isSound(item) || !UUID.test(key)) return dotsError(400, 'invalid-input');
    const fate = this.nextFateOf(key, item);
    if (fate.refusal !== undefined) return fate.refusal;
    const batch = this.take(sent, item, fate);
    return fate.answer ?? { status: 200, body: headOf(batch) };
  }

  private take(sent: Sent, item: SentItem, fate: Fate): DotsBatch {
    const user = this.users.find(({ id }) => id === item.user_id);
    const fits = user?.methods.some(({ id, platform }) => id === item.account_id && platform === item.platform);
    const nobody = { status: '', errors: { error_code: 'user-info-missing', error_message: 'No such account.' } };
    const standing = standingBy(fits === true || item.platform === 'default' ? fate : nobody, 'completed');
    const created = new Date().toISOString();
    const batch = { id: randomUUID(), transferId: randomUUID(), created, sent, item, ...standing };
    this.batches.push(batch);
    return batch;
  }

  private list(query: URLSearchParams): Reply {
    const newestFirst = this.batches.toReversed();
    const after = query.get('starting_after');
    const from = after === null ? 0 : newestFirst.findIndex(({ id }) => id === after) + 1;
    const limit = Math.min(Number(query.get('limit')), LIST_MAX);
    const data = newestFirst.slice(from, from + limit).map(headOf);
    return { status: 200, body: { has_more: from + limit < newestFirst.length, data } };
  }

  private show(id: string, includesRequest: boolean): Reply {
    const batch = this.batches.find((one) => one.id === id);
    if (batch === undefined) return UNHEARD_OF;
    mature(batch);
    const { user_id, idempotency_key } = batch.item;
    const result = {
      ...{ user_id, idempotency_key, metadata: null, error_code: null, error_message: null },
      transfer: batch.status === '' ? null : { id: batch.transferId, status: batch.status },
      ...batch.errors,
      ...(includesRequest ? { request: batch.item } : {}),
    };
    return { status: 200, body: { ...headOf(batch), items: [result] } };
  }
}

export const openDots = (config: Readonly<Record<string, unknown>>): Connector => openConnector(dotsConnectorType, config);

const callOf = ({ method, path }: RecordedRequest): string =>
  `${method} ${path.replace('/api/v2', '').replace(/^(\/[^/]+)\/[^/]+/, '$1/*')}`;

const isSound = ({ amount, fund, idempotency_key }: SentItem): boolean =>
  Number.isSafeInteger(amount) && amount > 0 && fund && UUID.test(idempotency_key);

function headOf({ id, created, sent }: DotsBatch): object {
  const { idempotency_key = null, metadata = null } = sent;
  return { id, created, idempotency_key, status: 'completed', metadata };
}
