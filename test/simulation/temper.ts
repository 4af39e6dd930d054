import type { Random } from './random.js';
import type { ProviderTemper, Temper } from './scene.js';

type TemperOfDay = Partial<Omit<Temper, 'provider'>> & { readonly provider?: Partial<ProviderTemper> };

/** The rough part ends after so many steps at the latest. */
const ROUGH_STEPS = 350;

/** Days that chance alone makes too seldom. What a day leaves open is drawn as on any other. */
const DAYS = {
  ordinary: {},
  /** What can not be looked up, and is soon forgotten, goes to a person. */
  reviews: { reviews: 0.2, provider: { lookup: false, keyRetention_ms: 2 * 60_000, faults: 0.9 } },
  /**
   * It takes what it does not answer, does not find it yet when it is asked, and refuses its repetition: whoever believes the
   * empty answer too early calls refused what is paid.
   */
  lateBooks: {
    ...{ kills: 0, freezes: 0, transactionFaults: 0, leaps: 0.03 },
    provider: {
      ...{ lookup: true, keyRetention_ms: 24 * 3_600_000, staleWindow_ms: 600_000, lag_ms: 540_000 },
      ...{ refusesRepetition: true, notifies: false, lists: false, faults: 0.6 },
    },
  },
  /** It answers next to nothing: its breaker opens, and one payout after the other finds out whether it can be closed. */
  silence: {
    ...{ kills: 0.005, freezes: 0, transactionFaults: 0, leaps: 0.02, roughSteps: 600 },
    provider: { keyRetention_ms: 24 * 3_600_000, silent: true, faults: 0.9 },
  },
  /** Its servers are started anew with `QUARANTINE=true`, as after a fail-over. */
  quarantine: { leaps: 0.03, quarantines: true, provider: { lookup: true, keyRetention_ms: 24 * 3_600_000 } },
} satisfies Record<string, TemperOfDay>;

function dayOf(random: Random, aim: string | null): TemperOfDay {
  // What a person calls refused can be retried, too.
  if (/^(resolve|retry)/.test(aim ?? '')) return DAYS.reviews;
  if (aim?.startsWith('probe') === true) return DAYS.silence;
  if (aim?.startsWith('quarantine') === true) return DAYS.quarantine;
  return DAYS[random.weighted({ ordinary: 18, lateBooks: 2, silence: 1, quarantine: 1 })];
}

/** How rough a run is. Where it aims at a crash point, its day is one that comes by there. */
export function drawTemper(random: Random, aim: string | null): Temper {
  const staleWindow_ms = random.pick([0, 5_000, 50_000]);
  const day = dayOf(random, aim);
  return {
    kills: random.pick([0, 0.01, 0.04]),
    freezes: random.pick([0, 0.004, 0.02]),
    transactionFaults: random.pick([0, 0.02, 0.1]),
    receiverFaults: random.pick([0, 0.2, 0.5]),
    leaps: random.pick([0.03, 0.1, 0.25]),
    reviews: 0.01,
    roughSteps: ROUGH_STEPS,
    quarantines: false,
    webhooks: random.chance(0.3) || /^(deliver|post)/.test(aim ?? ''),
    ...day,
    provider: {
      lookup: random.chance(0.8),
      keyRetention_ms: random.pick([10, 30, 24 * 60]) * 60_000,
      staleWindow_ms,
      lag_ms: random.chance(0.6) ? staleWindow_ms * 0.9 : 0,
      timeout_ms: 10_000,
      refusesRepetition: random.chance(0.5),
      notifies: random.chance(0.6),
      lists: random.chance(0.6),
      robbed: random.chance(0.15),
      silent: false,
      faults: random.pick([0, 0.3, 0.6, 0.9]),
      ...day.provider,
    },
  };
}
