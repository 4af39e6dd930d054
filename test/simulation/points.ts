/** Where a transaction can be stopped. */
const TRANSACTION_STOPS = ['before', 'inside', 'before_commit', 'after_commit'];
/** Where a call to the outside can be stopped: before it arrives, and after its effect and before its answer. */
const CALL_STOPS = ['before', 'after_effect'];

/** What the engine does in one transaction each. */
const TRANSACTION_STEPS = [
  'create',
  'edit',
  'cancel',
  'pause',
  'retry',
  'notify',
  'reconcile',
  'resolve',
  'quarantine',
  'renew',
  'validate.take',
  'validate.settle',
  'probe',
  'claim',
  'claim.due',
  'settle',
  'deliver.round',
  'deliver.settle',
];
const CALL_STEPS = ['send', 'look_up', 'list', 'post'];

/** Every labelled point at which the simulation can kill a server; the suite kills at each of them at least once. */
export const CRASH_POINTS: readonly string[] = [
  ...TRANSACTION_STEPS.flatMap((step) => TRANSACTION_STOPS.map((stop) => `${step}:${stop}`)),
  ...CALL_STEPS.flatMap((step) => CALL_STOPS.map((stop) => `${step}:${stop}`)),
];
