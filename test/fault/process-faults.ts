import { LEASE_S, wrongClock } from './cluster.js';
import type { FaultKind } from './fault-kind.js';
import { comes, pause } from './patience.js';
import type { Scene } from './scene.js';

/** Longer than a call, shorter than a lease: what was in flight ends unseen and is still its owner's. */
const SHORT_FREEZE_MS = 3_000;
const LEASES_FROZEN = 3;
const WRONG_BY_MS = 600_000;

const paid = (scene: Scene): number => scene.parts.provider.ledger.length;

/** Waits until some more are paid, so that a process is met at work; where all are, nothing is left to wait for. */
const someMoreArePaid = (scene: Scene): Promise<void> => {
  const before = paid(scene);
  return comes('progress', () => paid(scene) > Math.min(before + 2, scene.merchant.wishes.length * MET_AT_WORK));
};
/** A share of all payouts, below what is always paid in the end. */
const MET_AT_WORK = 0.6;

export const kill: FaultKind = {
  name: 'kill',
  proves: 'leaves nothing behind and pays nothing twice when each process is killed at work',
  strike: async (scene) => {
    for (const member of scene.parts.members) {
      await someMoreArePaid(scene);
      await member.killAndRestart();
      scene.happened('processes killed');
      await member.url;
    }
  },
};

const freeze = async (scene: Scene, length_ms: number): Promise<void> => {
  const [member] = scene.parts.members;
  await someMoreArePaid(scene);
  member?.freeze();
  scene.happened('processes frozen');
  await pause(length_ms);
  member?.thaw();
};

export const shortFreeze: FaultKind = {
  name: 'short freeze',
  proves: 'loses nothing when a process stops for longer than its calls',
  strike: (scene) => freeze(scene, SHORT_FREEZE_MS),
};

/** Whoever wakes holds answers, queues and timers of an hour that is over: none of them may write anything. */
export const longFreeze: FaultKind = {
  name: 'freeze of three leases',
  proves:
    'writes nothing from a process that slept for three leases and woke: each payout is paid once, and none leaves a final state',
  // What it holds when it falls asleep has to be much.
  provider: { latency_ms: 300 },
  strike: (scene) => freeze(scene, LEASES_FROZEN * LEASE_S * 1000),
};

export const clocks: FaultKind = {
  name: 'wrong clocks',
  proves: 'changes nothing where the clocks of its processes are wrong by ten minutes, in opposite directions',
  environments: [wrongClock(WRONG_BY_MS), wrongClock(-WRONG_BY_MS)],
  strike: (scene) => {
    scene.happened('clocks 10 minutes wrong', scene.parts.members.length);
    return Promise.resolve();
  },
};
