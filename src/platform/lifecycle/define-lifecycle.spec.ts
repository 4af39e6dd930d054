import { describe, expect, it } from '@jest/globals';
import { allows, defineLifecycle, type Lifecycle, statesOf } from './define-lifecycle.js';

const door = {
  aggregate: 'door',
  stored: { table: 'door', column: 'position' },
  states: { open: { meaning: 'Open.' }, closed: { meaning: 'Closed.' }, walled_up: { meaning: 'A wall.', terminal: true } },
  transitions: {
    build: { from: [null], to: 'open', emits: 'door.built', meaning: 'Built.' },
    close: { from: ['open'], to: 'closed', emits: 'door.closed', meaning: 'Closed.' },
    wall_up: { from: ['closed'], to: 'walled_up', emits: null, meaning: 'Walled up.' },
  },
} as const;

/** The table with one part of it replaced, as a careless hand might. */
const spoilt = (change: Partial<Lifecycle>): (() => unknown) => {
  return () => defineLifecycle({ ...(door as Lifecycle), ...change });
};

describe('defineLifecycle', () => {
  it('takes a table in which everything is reached and left', () => {
    expect(statesOf(defineLifecycle(door))).toEqual(['open', 'closed', 'walled_up']);
  });

  it('refuses a state that nothing leads to', () => {
    expect(spoilt({ states: { ...door.states, ajar: { meaning: 'Ajar.', terminal: true } } })).toThrow('ajar is never reached');
  });

  it('refuses a state that can not be left and is not called terminal', () => {
    expect(spoilt({ states: { ...door.states, walled_up: { meaning: 'A wall.' } } })).toThrow('walled_up is not terminal');
  });

  it('refuses to leave a terminal state', () => {
    const reopen = { from: ['walled_up'], to: 'open', emits: null, meaning: 'A breach.' };
    expect(spoilt({ transitions: { ...door.transitions, reopen } })).toThrow('walled_up is terminal and is left');
  });

  it('refuses steps from and to states that do not exist, and names every fault at once', () => {
    const vanish = { from: ['open'], to: 'gone', emits: null, meaning: 'It vanished.' };
    const appear = { from: ['nowhere'], to: 'open', emits: null, meaning: 'It appeared.' };
    const define = spoilt({ transitions: { ...door.transitions, vanish, appear } });
    expect(define).toThrow('unknown state gone');
    expect(define).toThrow('unknown state nowhere');
  });

  it('allows exactly the steps of the table', () => {
    const allowed = (['build', 'close', 'wall_up'] as const).flatMap((step) =>
      ([null, 'open', 'closed', 'walled_up'] as const)
        .filter((from) => allows(defineLifecycle(door), step, from))
        .map((from) => `${String(from)} ${step}`),
    );
    expect(allowed).toEqual(['null build', 'open close', 'closed wall_up']);
  });
});
