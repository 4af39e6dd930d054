import { setTimeout as wait } from 'node:timers/promises';
import { fromTypeId } from '../../src/platform/ids/index.js';
import type { Contender, Sample } from '../measure/contest.js';
import type { BenchReceiver } from '../stage/receiver.js';
import type { Stage } from '../stage/stage.js';
import { type Row, sized, spanOf } from './row.js';

const SMALL = 1_000;
/** Of each run, of which the mean is taken. */
const LOOKS = 5;
/** Between looks at whether something has arrived. */
const LOOK_MS = 5;

/** A uuid of this endpoint's own. */
const numbered = (number: string): string => `(left($2::text, 24) || lpad(to_hex(${number}), 12, '0'))::uuid`;
const QUEUED_AT = `now() - interval '1 day' + n * interval '1 millisecond'`;

export const backlog: Row = {
  name: 'backlog',
  asks: 'an endpoint with a million events waiting beside one with a thousand: enabled, disabled, looked at, dropped',
  minutes: 6,
  async contests(stage, effort) {
    const large = sized(effort, { quick: 20_000, usual: 1_000_000, full: 1_000_000 });
    await stage.worker();
    const receiver = await stage.receiver(0);
    const contender = (events: number, kind: Contender['kind']): Contender => {
      const scene = new Scene(stage, receiver, events);
      return { name: `${events} waiting`, kind, prepare: () => scene.lay(), run: () => scene.run() };
    };
    return [
      {
        title: 'backlog',
        measures: [
          { name: 'enable with all', unit: 'ms', better: 'less' },
          { name: 'disable', unit: 'ms', better: 'less' },
          { name: 'a look', unit: 'ms', better: 'less' },
          { name: 'drop all', unit: 'ms', better: 'less' },
          { name: 'then an event to its arrival', unit: 'ms', better: 'less' },
          { name: 'all closed', unit: 's', better: 'less' },
        ],
        contenders: [contender(large, 'engine'), contender(SMALL, 'limit')],
      },
    ];
  },
};

/** One endpoint, disabled, with so many events waiting. */
class Scene {
  private endpoint = '';
  private merchant: Awaited<ReturnType<Stage['merchant']>> | null = null;

  constructor(
    private readonly stage: Stage,
    private readonly receiver: BenchReceiver,
    private readonly events: number,
  ) {}

  async lay(): Promise<void> {
    const { servers } = this.stage;
    this.merchant = await this.stage.merchant();
    const { id = '' } = await this.merchant.call('/webhook-endpoints', { url: `${this.receiver.url}/${this.events}` });
    this.endpoint = `/webhook-endpoints/${id}`;
    await this.call('disable');
    // Four of each payout, as old as the order in which they were written. Ids that rise are what makes a million of them quick.
    const endpoint = fromTypeId('endpoint', id);
    await servers.sql.query(
      `INSERT INTO event (id, merchant_id, feed, type, subject_id, sequence, occurred_at, body)
       SELECT ${numbered('n')}, $1, 1, 'payout.scheduled', ${numbered('n / 4')}, n % 4 + 1, ${QUEUED_AT},
         '{"timestamp":"2026-01-01T00:00:00.000Z"}' FROM generate_series(0, $3::integer - 1) n`,
      [this.merchant.uuid, endpoint, this.events],
    );
    await servers.sql.query(
      `INSERT INTO webhook_delivery (id, merchant_id, endpoint_id, event_id, subject_id, sequence, payout_id, state, queued_at, due_at)
       SELECT ${numbered('n')}, $1, $2::text::uuid, ${numbered('n')}, ${numbered('n / 4')}, n % 4 + 1, ${numbered('n / 4')}, 'waiting',
         ${QUEUED_AT}, ${QUEUED_AT} FROM generate_series(0, $3::integer - 1) n`,
      [this.merchant.uuid, endpoint, this.events],
    );
    // As autovacuum does it.
    await servers.sql.query('VACUUM ANALYZE webhook_delivery');
    await servers.sql.query('ANALYZE event');
  }

  async run(): Promise<Sample> {
    const enable = await spanOf(() => this.call('enable', { backlog: 'all' }));
    // A few are sent in between.
    const disable = await spanOf(() => this.call('disable'));
    let look = 0;
    for (let time = 0; time < LOOKS; time += 1) look += (await spanOf(() => this.look())) / LOOKS;
    const drop = await spanOf(() => this.call('enable', { backlog: 'drop' }));
    const start = performance.now();
    // Forgets what came before.
    await this.receiver.count();
    const arrival = await spanOf(async () => {
      await this.call('ping');
      while ((await this.receiver.count()) === 0) await wait(LOOK_MS);
    });
    const closed = await this.stage.servers.untilNone('webhook_endpoint WHERE backlog_from IS NOT NULL', [], start);
    const figures = {
      ...{ 'enable with all': enable, disable, 'a look': look, 'drop all': drop },
      ...{ 'then an event to its arrival': arrival, 'all closed': closed / 1000 },
    };
    return { items: this.events, figures };
  }

  private look(): Promise<unknown> {
    if (this.merchant === null) throw new Error('there is no scene');
    return this.merchant.get(this.endpoint);
  }

  private call(verb: string, body: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (this.merchant === null) throw new Error('there is no scene');
    return this.merchant.call(`${this.endpoint}/${verb}`, body);
  }
}
