import { describe, expect, it } from '@jest/globals';
import { defineJobs, type Job } from './job.js';

const job = (name: string, lease_ms = 1_000): Job => ({
  name,
  meaning: 'A job of a test.',
  every: '1 minute',
  lease_ms,
  run: () => Promise.resolve(),
});

describe('defineJobs', () => {
  it('keeps the list as it is', () => {
    const jobs = [job('sweep-leases'), job('forget-keys')];
    expect(defineJobs(jobs)).toBe(jobs);
  });

  it('names every fault of the list at once', () => {
    expect(() => defineJobs([job('Sweep'), job('sweep', 0), job('sweep')])).toThrow(
      'jobs: Sweep is not in kebab-case; sweep has a lease of 0 ms; sweep is listed twice',
    );
  });
});
