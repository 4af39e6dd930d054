/** Where a transaction can be stopped. */
export const TRANSACTION_STOPS = ['before', 'inside', 'before_commit', 'after_commit'] as const;
/** Where a call to the outside can be stopped: before it arrives, and after its effect and before its answer. */
export const CALL_STOPS = ['before', 'after_effect'] as const;

export type TransactionStop = (typeof TRANSACTION_STOPS)[number];
export type CallStop = (typeof CALL_STOPS)[number];

/** What the engine does in one transaction each. */
export const TRANSACTION_STEPS = [
  'create',
  'edit',
  'cancel',
  'pause',
  'retry',
  'notify',
  'validate.take',
  'validate.settle',
  'claim.checks',
  'claim.due',
  'settle',
  'deliver.claim',
  'deliver.settle',
] as const;
export const CALL_STEPS = ['send', 'look_up', 'post'] as const;

export type TransactionStep = (typeof TRANSACTION_STEPS)[number];
export type CallStep = (typeof CALL_STEPS)[number];

/** Every labelled point at which the simulation can kill a server; the suite kills at each of them at least once. */
export const CRASH_POINTS: readonly string[] = [
  ...TRANSACTION_STEPS.flatMap((step) => TRANSACTION_STOPS.map((stop) => `${step}:${stop}`)),
  ...CALL_STEPS.flatMap((step) => CALL_STOPS.map((stop) => `${step}:${stop}`)),
];
