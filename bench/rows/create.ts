import { DataSource, EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import { type Contender, type Contest, type Measure, SERVER_TIME } from '../measure/contest.js';
import { percentile } from '../measure/statistics.js';
import { type BenchMerchant, PAYOUTS_PER_BULK } from '../stage/merchant.js';
import type { Stage } from '../stage/stage.js';
import { TwinTables } from '../stage/twin-tables.js';
import { inParallel, perSecond, type Row, sized, spanOf } from './row.js';

/** What a creation writes, and how the rows of one bulk are found. `bulk_progress` is one row that is made of the others. */
const WRITTEN = {
  bulk: `id = '$'`,
  payout: `bulk_id = '$'`,
  payout_revision: `payout_id IN (SELECT id FROM payout WHERE bulk_id = '$')`,
  event: `bulk_id = '$' AND type IN ('payout.created', 'bulk.created')`,
} as const;
const TABLES = Object.keys(WRITTEN);
/** `save()` is several times slower, and its rate does not depend on how many bulks it is measured with. */
const SAVED_BULKS = 2;

const SLOWER_THAN_COPY =
  'COPY reads a file at the server: no HTTP, no JSON, no checks. A creation reads and checks each item, makes two seals and writes its rows out, ' +
  'all on one thread (Node in the last column), before PostgreSQL begins.';
const DEARER_THAN_COPY =
  'the keys of receivers are read or made, the bulk is summed up, and account data comes as text that the server decodes; none of that is in the limit.';

const SLOWEST_OF_ALL =
  'a bulk is 100 to 115 ms of work one after the other, in Node and then in PostgreSQL, so this goal leaves a third of it for the slowest; where ' +
  'PostgreSQL took 40 µs for each payout instead of 50, on the same machine in a quieter hour, it was 120 ms.';

const measuresOf = (atOnce: number): Measure[] => [
  { name: 'rate', unit: 'payouts/s', better: 'more', goal: { ofLimit: 0.5 }, whyMissed: SLOWER_THAN_COPY },
  { name: 'answer p50', unit: 'ms', better: 'less' },
  // A full bulk on a server with nothing else to do.
  {
    name: 'answer p99',
    unit: 'ms',
    better: 'less',
    ...(atOnce === 1 ? { goal: { atMost: 150 }, whyMissed: SLOWEST_OF_ALL } : {}),
  },
  { name: SERVER_TIME, unit: 'µs each', better: 'less', goal: { ofLimit: 0.8 }, whyMissed: DEARER_THAN_COPY },
];

export const create: Row = {
  name: 'create',
  asks: `bulks of ${PAYOUTS_PER_BULK} over HTTP, from the request to the durable answer`,
  minutes: 1.5,
  async contests(stage, effort) {
    const merchant = await stage.merchant();
    const bulks = sized(effort, { quick: 4, usual: 12, full: 24 });
    const names = Array.from({ length: bulks }, (_, index) => String(index));
    const { pid: api } = await stage.api();
    const twins = await exported(stage, merchant, names);
    const save = await typeormSave(stage, names.slice(0, SAVED_BULKS));
    return [1, 4].map((atOnce) => contest({ api, atOnce, names, merchant, twins, peers: atOnce === 1 ? [save(twins)] : [] }));
  },
};

async function exported(stage: Stage, merchant: BenchMerchant, names: readonly string[]): Promise<TwinTables> {
  const twins = await TwinTables.create(stage.servers, TABLES);
  for (const name of names) {
    const { uuid } = await merchant.create();
    for (const [table, where] of Object.entries(WRITTEN)) await twins.export(table, name, where.replace('$', uuid));
  }
  return twins;
}

interface Setting {
  /** The process that serves it. */
  readonly api: number;
  readonly atOnce: number;
  readonly names: readonly string[];
  readonly merchant: BenchMerchant;
  readonly twins: TwinTables;
  readonly peers: readonly Contender[];
}

const contest = ({ api, atOnce, names, merchant, twins, peers }: Setting): Contest => {
  let drafts: ReturnType<BenchMerchant['draft']>[] = [];
  const sample = async (work: (name: string) => Promise<unknown>) => {
    const spans: number[] = [];
    const span_ms = await spanOf(() => inParallel(names, atOnce, async (name) => spans.push(await spanOf(() => work(name)))));
    const items = names.length * PAYOUTS_PER_BULK;
    const [p50, p99] = [percentile(spans, 0.5), percentile(spans, 0.99)];
    return { items, figures: { rate: perSecond(items, span_ms), 'answer p50': p50, 'answer p99': p99 } };
  };
  return {
    title: `create, ${atOnce} at a time`,
    measures: measuresOf(atOnce),
    contenders: [
      {
        name: 'Tranche',
        kind: 'engine',
        processes: () => [api],
        prepare: async () => void (drafts = names.map(() => merchant.draft())),
        run: () => sample((name) => merchant.create(drafts[Number(name)])),
      },
      {
        name: 'COPY',
        kind: 'limit',
        note: 'the very rows that a creation wrote, from a file at the server into tables with the same indexes, a transaction for each bulk',
        prepare: () => twins.empty(...TABLES),
        run: () => sample((name) => twins.copyIn(TABLES, name)),
      },
      ...peers,
    ],
  };
};

/** The same rows as entities, by the repository's `save()`. */
async function typeormSave(stage: Stage, names: readonly string[]): Promise<(twins: TwinTables) => Contender> {
  const schemas = await Promise.all(TABLES.map((table) => schemaOf(stage, table)));
  const source = new DataSource({ type: 'postgres', url: stage.servers.databaseUrl, entities: schemas, poolSize: 2 });
  await source.initialize();
  stage.onClose(() => source.destroy());
  return (twins) => {
    let bulks: Record<string, object[]>[] = [];
    return {
      name: 'TypeORM save()',
      kind: 'peer',
      note: 'the same rows as entities, a transaction for each bulk',
      prepare: async () => {
        bulks = [];
        for (const name of names) {
          await twins.empty(...TABLES);
          await twins.copyIn(TABLES, name);
          const rows = TABLES.map(async (table) => [table, (await twins.sql.query<object>(`SELECT * FROM twin_${table}`)).rows]);
          bulks.push(Object.fromEntries(await Promise.all(rows)) as Record<string, object[]>);
        }
        await twins.empty(...TABLES);
      },
      run: async () => {
        const save = (rows: Record<string, object[]>) =>
          source.transaction(async (manager) => {
            for (const table of TABLES) await manager.getRepository(`twin_${table}`).save(rows[table] ?? []);
          });
        const span_ms = await spanOf(() => inParallel(bulks, 1, save));
        const items = bulks.length * PAYOUTS_PER_BULK;
        return { items, figures: { rate: perSecond(items, span_ms) } };
      },
    };
  };
}

async function schemaOf({ servers }: Stage, table: string): Promise<EntitySchema> {
  // A number that the database makes is no business of `save()`: what is left is found by its id.
  const { rows } = await servers.sql.query<{ name: string; type: string; key: boolean }>(
    `SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type, a.attnum = ANY (i.indkey) OR a.attname = 'id' AS key
     FROM pg_attribute a JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
     WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''`,
    [table],
  );
  const columns = rows.map(({ name, type, key }): [string, EntitySchemaColumnOptions] => [
    name,
    { type: type as EntitySchemaColumnOptions['type'] & string, primary: key, nullable: !key },
  ]);
  return new EntitySchema({ name: `twin_${table}`, tableName: `twin_${table}`, columns: Object.fromEntries(columns) });
}
