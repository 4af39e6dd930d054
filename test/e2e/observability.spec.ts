import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { testApp, type TestApp } from '../support/app.js';
import { validItem, validItems } from '../support/items.js';
import type { Bulk } from '../support/merchant-client.js';

let app: TestApp;
beforeAll(async () => {
  app = await testApp({ rateLimitPerSecond: 5 });
});
afterAll(() => app.close());

it('health and readiness are told without a key', async () => {
  const client = app.client(null);
  expect((await client.get('/healthz')).status).toBe(200);
  expect((await client.get('/readyz')).status).toBe(200);
});

it('metrics name no merchant and no reference', async () => {
  const merchant = await app.merchant({ name: 'Lovelace Analytical' });
  const item = validItem();
  const bulk = await merchant.createBulk([item, ...validItems(3)]);
  const { status, text } = await app.client(null).get('/metrics');
  expect(status).toBe(200);
  expect(text).toContain('/v1/bulks');
  for (const word of [merchant.id, item.reference, bulk.id, 'Lovelace']) expect(text).not.toContain(word);
});

it('over the rate limit a key is told when to come again, and another key is not', async () => {
  const merchant = await app.merchant();
  const other = await app.merchant();
  const answers = await Promise.all(Array.from({ length: 80 }, () => merchant.get('/v1/bulks')));
  const limited = answers.filter(({ status }) => status === 429);
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(50);
  expect(limited.length).toBeGreaterThan(0);
  for (const { body, headers } of limited) {
    expect(body.code).toBe('rate_limited');
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  }
  expect((await other.get('/v1/bulks')).status).toBe(200);
});

it('an unchanged bulk is answered in full: there is no 304', async () => {
  const merchant = await app.merchant();
  const bulk = await merchant.createBulk([validItem()]);
  for (const tag of ['"1"', '*', 'W/"1"']) {
    const answer = await merchant.get<Bulk>(`/v1/bulks/${bulk.id}`, { 'if-none-match': tag });
    expect([answer.status, answer.body.id]).toEqual([200, bulk.id]);
  }
});

describe('what ops/ says', () => {
  const read = (path: string) => readFileSync(path, 'utf8');
  const rules = () =>
    read('ops/alerts.yml')
      .split('- alert: ')
      .slice(1)
      .map((text) => ({ name: text.split('\n')[0]!, runbook: /runbook: '([^']+)'/.exec(text)?.[1] ?? '' }));

  it('of metrics is what /metrics has', async () => {
    const { text } = await app.client(null).get('/metrics');
    const known = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name!));
    const named = ['ops/alerts.yml', 'ops/grafana-dashboard.json', 'docs/operations.md'].flatMap((path) =>
      [...read(path).matchAll(/\b(?:tranche|nodejs|process)_[a-z0-9]+_[a-z0-9_]+\b/g)].map(([name]) => ({ path, name })),
    );
    const unknown = named.filter(({ name }) => !known.has(name) && !known.has(name.replace(/_(bucket|sum|count)$/, '')));
    expect(unknown).toEqual([]);
    expect(named.length).toBeGreaterThan(80);
  });

  it('of each alert leads to a heading of docs/operations.md', () => {
    const headings = [...read('docs/operations.md').matchAll(/^#+ (.+)$/gm)].map(
      ([, title]) =>
        `docs/operations.md#${title!
          .toLowerCase()
          .replace(/[^\w\s-]/g, '')
          .replace(/\s/g, '-')}`,
    );
    expect(rules().filter(({ runbook }) => !headings.includes(runbook))).toEqual([]);
    expect(rules().length).toBeGreaterThan(20);
  });

  it('leaves no metric of ours out of the dashboard', async () => {
    const { text } = await app.client(null).get('/metrics');
    const dashboard = read('ops/grafana-dashboard.json');
    const ours = [...text.matchAll(/^# TYPE (tranche_\w+)/gm)].map(([, name]) => name!);
    expect(ours.filter((name) => !dashboard.includes(name))).toEqual([]);
  });
});
