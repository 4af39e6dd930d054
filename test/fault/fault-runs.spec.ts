import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { RunReport } from './fault-run.js';
import { faultRuns, happenings, KINDS, RUNS_USUAL, violationsOf } from './fault-suite.js';

/** More of them with `FAULT_RUNS`; `npm run prove` prints what happened in them. */
const RUNS = Number(process.env['FAULT_RUNS'] ?? RUNS_USUAL);
/** Leases of half a minute have to end in many of them, on a machine that runs everything else at the same time. */
const PATIENCE_MS = 300_000 + RUNS * 60_000;

let reports: RunReport[];
jest.setTimeout(PATIENCE_MS);
beforeAll(async () => {
  reports = await faultRuns({ count: RUNS });
});

describe('a cluster of real processes', () => {
  it.each(KINDS.slice(0, RUNS).map(({ proves }, index) => [proves, index + 1]))('%s', (_rule, seed) => {
    expect(reports.filter((report) => report.seed === seed).flatMap(violationsOf)).toEqual([]);
  });

  it('breaks no invariant where several faults happen at once', () => {
    expect(reports).toHaveLength(RUNS);
    expect(reports.flatMap(violationsOf)).toEqual([]);
  });

  it('is really met by faults: kills, freezes, lost connections, outages, restores and lies of the provider', () => {
    const met = happenings(reports);
    for (const name of ['processes killed', 'processes frozen', 'connections terminated', 'PostgreSQL restarted'])
      expect([name, met.get(name)]).toEqual([name, expect.any(Number)]);
    for (const name of ['PostgreSQL away', 'commits cut off', 'connections stalled', 'databases restored'])
      expect([name, met.get(name)]).toEqual([name, expect.any(Number)]);
    for (const { name } of KINDS.filter(({ fate }) => fate !== undefined))
      expect([name, met.get(name)]).toEqual([name, expect.any(Number)]);
  });
});
