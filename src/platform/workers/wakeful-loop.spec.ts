import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { setImmediate as turn } from 'node:timers/promises';
import { SLEEP_MAX_MS, WakefulLoop } from './wakeful-loop.js';

/** Longer than any test lasts: a loop that sleeps this long and goes on was woken. */
const FOR_EVER_MS = 1e9;

/** Rounds that end when the test says so, each with the sleep that the test gives it. */
class Rounds {
  started = 0;
  private end: ((sleep_ms: number) => void) | null = null;
  private fail: ((error: Error) => void) | null = null;

  readonly round = (): Promise<number> => {
    this.started += 1;
    return new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
    });
  };

  async finish(sleep_ms: number): Promise<void> {
    this.end?.(sleep_ms);
    await turn();
  }

  async break(): Promise<void> {
    this.fail?.(new Error('the database is away'));
    await turn();
  }
}

describe('WakefulLoop', () => {
  const loops: { loop: WakefulLoop; rounds: Rounds }[] = [];
  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  afterEach(async () => {
    await Promise.all(
      loops.splice(0).map(async ({ loop, rounds }) => {
        const stopped = loop.stop();
        await rounds.finish(0);
        await stopped;
      }),
    );
  });

  const started = (): { loop: WakefulLoop; rounds: Rounds } => {
    const rounds = new Rounds();
    const loop = new WakefulLoop('test', rounds.round);
    loops.push({ loop, rounds });
    loop.start();
    return { loop, rounds };
  };

  it('goes round again at once where there may be more', async () => {
    const { rounds } = started();
    await rounds.finish(0);
    expect(rounds.started).toBe(2);
  });

  it('sleeps no longer than a second, whatever the round says', async () => {
    const { rounds } = started();
    const before = performance.now();
    await rounds.finish(FOR_EVER_MS);
    while (rounds.started < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(performance.now() - before).toBeGreaterThanOrEqual(SLEEP_MAX_MS - 10);
  });

  it('is woken out of its sleep', async () => {
    const { loop, rounds } = started();
    await rounds.finish(FOR_EVER_MS);
    expect(rounds.started).toBe(1);
    loop.wake();
    await turn();
    expect(rounds.started).toBe(2);
  });

  it('keeps a wake that comes during a round', async () => {
    const { loop, rounds } = started();
    loop.wake();
    await rounds.finish(FOR_EVER_MS);
    expect(rounds.started).toBe(2);
  });

  it('does not keep a wake for a second time', async () => {
    const { loop, rounds } = started();
    loop.wake();
    await rounds.finish(FOR_EVER_MS);
    await rounds.finish(FOR_EVER_MS);
    expect(rounds.started).toBe(2);
  });

  it('survives a fault and goes on after a wait that no wake cuts short', async () => {
    const told = jest.spyOn(Logger.prototype, 'error');
    const { loop, rounds } = started();
    await rounds.break();
    const error = new Error('the database is away');
    expect(told.mock.calls).toEqual([[{ message: expect.stringMatching(/^round failed \(1 in a row\)/), error }]]);
    told.mockRestore();
    loop.wake();
    await turn();
    expect(rounds.started).toBe(1);
    while (rounds.started < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  it('lets the round that is under way end before it stops, and starts no other', async () => {
    const { loop, rounds } = started();
    let stopped = false;
    const stop = loop.stop().then(() => (stopped = true));
    await turn();
    expect(stopped).toBe(false);
    await rounds.finish(0);
    await stop;
    expect(rounds.started).toBe(1);
  });

  it('stops out of its sleep, also out of the wait after a fault', async () => {
    const sleeping = started();
    await sleeping.rounds.finish(FOR_EVER_MS);
    await sleeping.loop.stop();
    const failing = started();
    await failing.rounds.break();
    await failing.loop.stop();
    expect([sleeping.rounds.started, failing.rounds.started]).toEqual([1, 1]);
  });
});
