import { cpus } from 'node:os';
import { type Figure, percentile, toTable } from './figures.js';
import { callsWithoutDatabase, copyOfOneBulk_ms } from './limits.js';
import { BenchProvider } from './provider.js';
import { BenchServers, OPERATOR_KEY } from './server.js';

/** Enough for a figure, few enough for a minute. */
const BULKS_PER_MERCHANT = 8;
const PAYOUTS_PER_BULK = 1_000;
const PAYOUTS = BULKS_PER_MERCHANT * PAYOUTS_PER_BULK;
/** Calls in flight at the provider: what its connector is configured with, and its limit is measured with. */
const CONCURRENCY = 64;
/** One payout after another, with nothing else to be paid: how late each starts. */
const LONE_PAYOUTS = 200;
const LONE_DISTANCE_MS = 20;
/** Time to be validated in before the first of them is due. */
const LONE_LEAD_MS = 3_000;

type Body = Readonly<Record<string, unknown>>;

async function post(url: string, key: string, body: unknown = {}): Promise<Record<string, string>> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url} answered ${String(answer.status)}: ${await answer.text()}`);
  return (await answer.json()) as Record<string, string>;
}

const itemOf = (reference: string, more: Body = {}): Body => ({
  reference,
  amount: '120.50',
  currency: 'EUR',
  payout_method: { type: 'bank_account', iban: 'DE89370400440532013000', account_holder: 'Ada Lovelace' },
  billing_data: {
    first_name: 'Ada',
    last_name: 'Lovelace',
    email: 'ada@example.com',
    address: { city: 'Berlin', country: 'DE' },
  },
  ...more,
});

interface Merchant {
  readonly key: string;
  readonly bulkIds: string[];
}

/** Drives one set of servers through creation, validation and execution, a phase at a time, so that each is measured alone. */
class Smoke {
  private readonly figures: Figure[] = [];

  constructor(
    private readonly servers: BenchServers,
    private readonly provider: BenchProvider,
    private readonly api: string,
  ) {}

  async run(): Promise<readonly Figure[]> {
    const atSandbox = await this.merchant({});
    const { id: connector_id } = await this.operator('/connectors', {
      name: 'Provider',
      type: 'http',
      config: { base_url: this.provider.url, token: this.provider.token },
      max_concurrency: CONCURRENCY,
    });
    const atProvider = await this.merchant({ connector_id });
    await this.create([atSandbox, atProvider]);
    await this.validate();
    await this.execute('execute, sandbox', atSandbox);
    const calls = await callsWithoutDatabase(this.provider, PAYOUTS, CONCURRENCY);
    await this.execute('execute, http provider', atProvider, { what: 'same calls, no database', value: calls });
    await this.lateness(atProvider);
    return this.figures;
  }

  private operator(path: string, body: Body): Promise<Record<string, string>> {
    return post(`${this.api}/v1/operator${path}`, OPERATOR_KEY, body);
  }

  private async merchant(more: Body): Promise<Merchant> {
    const { api_key: key } = await this.operator('/merchants', { name: 'Merchant', ...more });
    return { key: key ?? '', bulkIds: [] };
  }

  /** Bulks that are paused at once, so that they are executed when it is their turn. No worker runs yet. */
  private async create(merchants: readonly Merchant[]): Promise<void> {
    const spans: number[] = [];
    for (let turn = 0; turn < BULKS_PER_MERCHANT; turn += 1) {
      for (const { key, bulkIds } of merchants) {
        const items = Array.from({ length: PAYOUTS_PER_BULK }, (_, place) => itemOf(`${turn}-${place}`));
        const start = performance.now();
        const { id = '' } = await post(`${this.api}/v1/bulks`, key, { items });
        spans.push(performance.now() - start);
        bulkIds.push(id);
        await post(`${this.api}/v1/bulks/${id}/pause`, key);
      }
    }
    const seconds = spans.reduce((sum, span) => sum + span, 0) / 1000;
    const { rows } = await this.servers.sql.query<{ id: string }>('SELECT id FROM bulk ORDER BY id DESC LIMIT 1');
    const copy_ms = await copyOfOneBulk_ms(this.servers, rows[0]?.id ?? '');
    const size = `bulks of ${PAYOUTS_PER_BULK}`;
    this.figures.push(
      { what: `create, ${size}`, value: (spans.length * PAYOUTS_PER_BULK) / seconds, unit: 'payouts/s' },
      {
        what: `create, ${size}, p50`,
        value: percentile(spans, 0.5),
        unit: 'ms',
        limit: { what: 'COPY of the same rows', value: copy_ms },
        goal: 'well under 1 s',
      },
      { what: `create, ${size}, p99`, value: percentile(spans, 0.99), unit: 'ms' },
    );
  }

  private async validate(): Promise<void> {
    const waiting = await this.servers.count(WAITING);
    await this.servers.start('worker');
    // The worker begins while it starts; its first verdict is the beginning that counts.
    while ((await this.servers.count(WAITING)) === waiting) await new Promise((resolve) => setTimeout(resolve, 1));
    const [left, start] = [await this.servers.count(WAITING), performance.now()];
    const span_ms = await this.servers.untilNone(WAITING, start);
    this.figures.push({ what: 'validate', value: left / (span_ms / 1000), unit: 'payouts/s' });
  }

  private async execute(what: string, merchant: Merchant, limit?: Figure['limit']): Promise<void> {
    const start = performance.now();
    for (const id of merchant.bulkIds) await post(`${this.api}/v1/bulks/${id}/resume`, merchant.key);
    const span_ms = await this.servers.untilNone(
      `bulk_progress g JOIN bulk b ON b.id = g.bulk_id WHERE b.paused_at IS NULL AND g.processed < b.item_count`,
      start,
    );
    this.figures.push({ what, value: PAYOUTS / (span_ms / 1000), unit: 'payouts/s', ...(limit === undefined ? {} : { limit }) });
  }

  /** Measured where it counts: when the request has come to the provider, against the instant that was asked for. */
  private async lateness({ key }: Merchant): Promise<void> {
    await this.provider.taken();
    const first = Date.now() + LONE_LEAD_MS;
    const dueAt = new Map(
      Array.from({ length: LONE_PAYOUTS }, (_, place) => [`lone-${place}`, first + place * LONE_DISTANCE_MS]),
    );
    const items = [...dueAt].map(([reference, at]) => itemOf(reference, { scheduled_date: new Date(at).toISOString() }));
    await post(`${this.api}/v1/bulks`, key, { items });
    await this.servers.untilNone(`bulk_progress WHERE status <> 'PROCESSED'`, performance.now());
    const taken = await this.provider.taken();
    const late = [...dueAt].map(([reference, at]) => (taken.get(reference) ?? Number.NaN) - at);
    this.figures.push(
      { what: 'start after due, p50', value: percentile(late, 0.5), unit: 'ms' },
      { what: 'start after due, p99', value: percentile(late, 0.99), unit: 'ms', goal: 'at most 50 ms' },
      { what: 'start after due, least', value: Math.min(...late), unit: 'ms', goal: 'never below 0' },
    );
  }
}

const WAITING = `payout WHERE status IN ('VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS')`;

async function main(): Promise<void> {
  const began = performance.now();
  const [servers, provider] = await Promise.all([BenchServers.open(), BenchProvider.start()]);
  try {
    const figures = await new Smoke(servers, provider, await servers.start('api')).run();
    const { rows } = await servers.sql.query<{ server_version: string }>('SHOW server_version');
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    console.log(toTable(figures));
    console.log(
      `\n${cpus().length} cores, Node ${process.versions.node}, PostgreSQL ${rows[0]?.server_version ?? ''}; one api and one worker process, ${2 * PAYOUTS} payouts, ${seconds} s in all.`,
    );
  } finally {
    provider.end();
    await servers.close();
  }
}

await main();
