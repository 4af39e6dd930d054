import { describe, expect, it } from '@jest/globals';
import { suspensionCountingClock } from './monotonic-clock.js';

/** Both clocks of a machine, set by hand. */
class Machine {
  monotonic = 5_000;
  wall = 1_700_000_000_000;
  readonly clock = suspensionCountingClock(
    () => this.monotonic,
    () => this.wall,
  );

  run(ms: number): number {
    this.wall += ms;
    this.monotonic += ms;
    return this.clock.now_ms();
  }

  suspend(ms: number): void {
    this.wall += ms;
  }
}

describe('the clock of leases and keys', () => {
  it('counts what runs', () => {
    const machine = new Machine();
    expect([machine.run(0), machine.run(20), machine.run(0.25)]).toEqual([5_000, 5_020, 5_020.25]);
  });

  it('counts the days for which the machine was suspended', () => {
    const machine = new Machine();
    const before = machine.run(10);
    machine.suspend(3 * 86_400_000);
    expect(machine.run(5) - before).toBe(3 * 86_400_000 + 5);
    expect(machine.run(5) - before).toBe(3 * 86_400_000 + 10);
  });

  it('does not run faster for a wall clock that is read in whole milliseconds or corrected in small steps', () => {
    const machine = new Machine();
    for (let step = 0; step < 1_000; step += 1) {
      machine.wall += step % 2;
      machine.run(0.5);
    }
    expect(machine.run(0)).toBe(5_500);
  });

  it('never goes back with a wall clock that is set back, and counts a later suspension all the same', () => {
    const machine = new Machine();
    const before = machine.run(0);
    machine.wall -= 3_600_000;
    expect(machine.run(1) - before).toBe(1);
    machine.suspend(60_000);
    expect(machine.run(1) - before).toBe(60_002);
  });
});
