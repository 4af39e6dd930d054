import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { Failure, ProviderStatus } from '../../src/connectors/connector.js';

/** A request for a payout intent as it came over the wire. */
export interface WireRequest {
  readonly idempotency_key: string;
  readonly intent_id: string;
  readonly reference: string;
  readonly bulk_reference: string | null;
  readonly amount: string;
  readonly currency: string;
  readonly payout_method: Readonly<Record<string, unknown>>;
  readonly billing_data: Readonly<Record<string, unknown>> | null;
  readonly metadata: Readonly<Record<string, string>> | null;
}

export type Answer =
  /** Never answers; the socket stays open. */
  | 'never'
  /** Cuts the socket before the first byte. */
  | 'reset'
  /** Headers and half of a body, then silence, one byte every 50 ms: defeats idle timers. */
  | 'drip'
  /** A readable 201 of more than 64 KiB. */
  | 'huge'
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> };

/** What the provider makes of one send. */
export interface Fate {
  /** Whether it goes into the ledger. */
  readonly takes: boolean;
  readonly status?: ProviderStatus;
  readonly failure?: Failure;
  /** What it turns into by itself. */
  readonly later?: { readonly after_ms: number; readonly status: ProviderStatus; readonly failure?: Failure };
  /** Absent: 201 with the payment where it is taken. */
  readonly answer?: Answer;
  readonly delay_ms?: number;
}

export interface LedgerEntry {
  readonly id: string;
  readonly request: WireRequest;
  readonly at: number;
  status: ProviderStatus;
  failure: Failure | null;
  readonly later: Fate['later'] | null;
}

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly at: number;
}

export interface ProviderOptions {
  /** Asked once per send of a key that is not in the ledger; `sends` counts the sends of the key, this one included. */
  readonly fate?: (request: WireRequest, sends: number) => Fate;
  /** Before every answer. */
  readonly latency_ms?: number;
  /** False for benchmarks: `requests` stays empty. */
  readonly keepRequests?: boolean;
  /** False: it can be asked for one key at a time only. */
  readonly lists?: boolean;
  /** For so long a payment that it has taken shows in no look-up and in no list: a provider whose books lag behind. */
  readonly hides_ms?: number;
  /** For so long it knows a key again, in sends and look-ups; absent: for ever. */
  readonly remembers_ms?: number;
  /** 0: any free port. */
  readonly port?: number;
}

export interface Notification {
  /** Where it goes: `…/v1/connectors/{connector_id}/notifications`. */
  readonly url: string;
  readonly secret: string;
  readonly entry: LedgerEntry;
  readonly status?: ProviderStatus;
  readonly failure?: Failure;
  readonly signedAt?: Date;
}

export interface Provider {
  readonly url: string;
  readonly token: string;
  /** What it has taken, in order; append-only. */
  readonly ledger: readonly LedgerEntry[];
  readonly requests: readonly ReceivedRequest[];
  /** Other fates from now on. */
  setFate(fate: NonNullable<ProviderOptions['fate']>): void;
  /** Every look-up and list is answered so from now on; null: by the books. */
  setLookup(answer: Answer | null): void;
  /** Sends a signed notification and answers its HTTP status. */
  notify(notification: Notification): Promise<number>;
  close(): Promise<void>;
}

const TAKES: Fate = { takes: true, status: 'succeeded' };
/** Takes it, and shows another amount: what a person has to look at. */
export const showsAnotherAmount = ({ idempotency_key }: WireRequest): Fate => ({
  takes: true,
  answer: { status: 201, body: { id: `pay_${idempotency_key}`, status: 'succeeded', amount: '1.00', currency: 'EUR' } },
});
const PAGE = 100;

/** A real provider on loopback that speaks the whole protocol of the `http` connector, with scripted faults. */
export async function startProvider(options: ProviderOptions = {}): Promise<Provider> {
  const provider = new ScriptedProvider(options);
  await provider.listen(options.port ?? 0);
  return provider;
}

/** The notification's bytes and headers, for tests that deliver it themselves. */
export function signedNotification(notification: Omit<Notification, 'url'>): { headers: Record<string, string>; body: Buffer } {
  const { entry, secret, status = entry.status, failure = entry.failure, signedAt = new Date() } = notification;
  const body = JSON.stringify({
    type: 'payout_intent.updated',
    timestamp: signedAt.toISOString(),
    data: { id: entry.id, idempotency_key: entry.request.idempotency_key, status, ...(failure === null ? {} : { failure }) },
  });
  const id = `msg_${randomUUID()}`;
  return {
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(signedAt.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, signedAt, body),
    },
    body: Buffer.from(body),
  };
}

class ScriptedProvider implements Provider {
  readonly token = randomBytes(16).toString('hex');
  readonly ledger: LedgerEntry[] = [];
  readonly requests: ReceivedRequest[] = [];
  private readonly byKey = new Map<string, LedgerEntry>();
  private readonly sends = new Map<string, number>();
  private readonly server: Server;
  private fate: (request: WireRequest, sends: number) => Fate;
  private lookup: Answer | null = null;

  constructor(private readonly options: ProviderOptions) {
    this.fate = options.fate ?? (() => TAKES);
    this.server = createServer((request, response) => void this.serve(request, response).catch(() => request.socket.destroy()));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
  }

  setFate(fate: (request: WireRequest, sends: number) => Fate): void {
    this.fate = fate;
  }

  setLookup(answer: Answer | null): void {
    this.lookup = answer;
  }

  async notify(notification: Notification): Promise<number> {
    const { headers, body } = signedNotification(notification);
    return (await fetch(notification.url, { method: 'POST', headers, body: body.toString() })).status;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request);
    const url = new URL(request.url ?? '/', this.url);
    if (this.options.keepRequests !== false) {
      this.requests.push({
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body,
        at: Date.now(),
      });
    }
    if (request.headers.authorization !== `Bearer ${this.token}`) {
      answerJson(response, 401, { code: 'unauthorized', message: 'Wrong token.' });
      return;
    }
    if (url.pathname === '/payout-intents' && request.method === 'POST') return this.create(request, response, body);
    if (url.pathname === '/payout-intents' && request.method === 'GET') return this.list(url, response);
    const cancelled = /^\/payout-intents\/([^/]+)\/cancel$/.exec(url.pathname)?.[1];
    if (cancelled !== undefined && request.method === 'POST') {
      this.cancel(cancelled, response);
      return;
    }
    answerJson(response, 404, { code: 'not_found', message: 'There is no such route.' });
  }

  private async create(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string') {
      answerJson(response, 400, { code: 'idempotency_key_missing', message: 'Send a key.' });
      return;
    }
    const wire = { ...(JSON.parse(body) as Omit<WireRequest, 'idempotency_key'>), idempotency_key: key };
    const known = this.remembered(key);
    if (known !== undefined) {
      await this.wait(0);
      if (JSON.stringify(known.request) === JSON.stringify(wire)) {
        answerJson(response, 200, paymentOf(known));
        return;
      }
      answerJson(response, 409, { code: 'idempotency_key_reused', message: 'The key was used with another body.' });
      return;
    }
    const sends = (this.sends.get(key) ?? 0) + 1;
    this.sends.set(key, sends);
    const fate = this.fate(wire, sends);
    const entry = fate.takes ? this.take(wire, fate) : null;
    await this.wait(fate.delay_ms ?? 0);
    answerAs(fate.answer, entry, response);
  }

  private take(request: WireRequest, fate: Fate): LedgerEntry {
    const { status = 'succeeded', failure = null, later = null } = fate;
    const entry: LedgerEntry = { id: `pay_${randomUUID()}`, request, at: Date.now(), status, failure, later };
    this.ledger.push(entry);
    this.byKey.set(request.idempotency_key, entry);
    return entry;
  }

  private async list(url: URL, response: ServerResponse): Promise<void> {
    await this.wait(0);
    if (this.lookup !== null) {
      answerAs(this.lookup, null, response);
      return;
    }
    const key = url.searchParams.get('idempotency_key');
    if (key !== null) {
      const entry = this.remembered(key);
      answerJson(response, 200, { data: entry === undefined || !this.shows(entry) ? [] : [paymentOf(entry)] });
      return;
    }
    if (this.options.lists === false) {
      answerJson(response, 400, { code: 'idempotency_key_missing', message: 'Ask for one key.' });
      return;
    }
    const after = Date.parse(url.searchParams.get('created_after') ?? '') || 0;
    const from = Number(url.searchParams.get('cursor') ?? '0');
    const entries = this.ledger.filter((entry) => entry.at >= after && this.shows(entry));
    const next = from + PAGE < entries.length ? String(from + PAGE) : null;
    answerJson(response, 200, { data: entries.slice(from, from + PAGE).map(paymentOf), next_cursor: next });
  }

  private cancel(id: string, response: ServerResponse): void {
    const entry = this.ledger.find((one) => one.id === id);
    if (entry === undefined) {
      answerJson(response, 404, { code: 'not_found', message: 'There is no such payout intent.' });
      return;
    }
    mature(entry);
    if (entry.status !== 'unclaimed') {
      answerJson(response, 409, { code: 'not_unclaimed', message: 'Only unclaimed ones can be cancelled.' });
      return;
    }
    entry.status = 'returned';
    answerJson(response, 200, paymentOf(entry));
  }

  private remembered(key: string): LedgerEntry | undefined {
    const entry = this.byKey.get(key);
    const forgotten = entry !== undefined && Date.now() - entry.at >= (this.options.remembers_ms ?? Infinity);
    return forgotten ? undefined : entry;
  }

  private shows({ at }: LedgerEntry): boolean {
    return Date.now() - at >= (this.options.hides_ms ?? 0);
  }

  private async wait(more_ms: number): Promise<void> {
    const total_ms = (this.options.latency_ms ?? 0) + more_ms;
    if (total_ms > 0) await new Promise((resolve) => setTimeout(resolve, total_ms));
  }
}

/** What time has made of the payment. */
function mature(entry: LedgerEntry): void {
  const { later } = entry;
  if (entry.status === 'returned' || later === null || later === undefined || Date.now() - entry.at < later.after_ms) return;
  entry.status = later.status;
  entry.failure = later.failure ?? null;
}

function paymentOf(entry: LedgerEntry): Record<string, unknown> {
  mature(entry);
  const { id, status, failure, request, at } = entry;
  const { amount, currency, idempotency_key, intent_id, reference } = request;
  const created_at = new Date(at).toISOString();
  return {
    id,
    status,
    ...(failure === null ? {} : { failure }),
    amount,
    currency,
    idempotency_key,
    intent_id,
    reference,
    created_at,
  };
}

function answerAs(answer: Answer | undefined, entry: LedgerEntry | null, response: ServerResponse): void {
  if (answer === 'never') return;
  if (answer === 'reset') return void response.socket?.resetAndDestroy();
  if (answer === 'drip') {
    drip(response);
    return;
  }
  if (answer === 'huge') {
    answerJson(response, 201, { ...(entry === null ? {} : paymentOf(entry)), padding: 'x'.repeat(70_000) });
    return;
  }
  if (answer !== undefined) {
    const { status, body = '', headers = {} } = answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    return void response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  }
  if (entry === null) {
    answerJson(response, 500, {});
    return;
  }
  answerJson(response, 201, paymentOf(entry));
}

function drip(response: ServerResponse): void {
  response.writeHead(201, { 'content-type': 'application/json' });
  response.write('{"id": "');
  const timer = setInterval(() => response.write('x'), 50);
  response.once('close', () => clearInterval(timer));
}

function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
