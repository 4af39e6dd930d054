/** One state of an aggregate: what it means to a reader, and whether the aggregate can leave it. */
export interface StateDefinition {
  readonly meaning: string;
  /** True where no transition leaves the state. */
  readonly terminal?: boolean;
}

/** One named step: from which states, to which, what it tells the merchant, and what causes it. */
export interface TransitionDefinition<State extends string> {
  readonly from: readonly (State | null)[];
  readonly to: State;
  /** The event type written in the transaction of the step, or null where another aggregate's event tells it. */
  readonly emits: string | null;
  readonly meaning: string;
}

export interface Lifecycle<State extends string = string, Transition extends string = string> {
  readonly aggregate: string;
  /** The table and column that hold the state; the CHECK constraint of the column lists exactly `states`. */
  readonly stored: { readonly table: string; readonly column: string };
  readonly states: Readonly<Record<State, StateDefinition>>;
  readonly transitions: Readonly<Record<Transition, TransitionDefinition<State>>>;
}

export type StateOf<L> = L extends Lifecycle<infer State> ? State : never;
export type TransitionOf<L> = L extends Lifecycle<string, infer Transition> ? Transition : never;

/**
 * Declares the life of one aggregate as a literal and checks it at load: every state is reached, every terminal state is
 * left by nothing, every other can be left, and nobody arrives from or at a state that does not exist.
 */
export function defineLifecycle<const State extends string, const Transition extends string>(
  lifecycle: Lifecycle<State, Transition>,
): Lifecycle<State, Transition> {
  const faults: string[] = [];
  const transitions = Object.entries<TransitionDefinition<State>>(lifecycle.transitions);
  const known = new Set(Object.keys(lifecycle.states));
  const reached = new Set<string>(transitions.map(([, step]) => step.to));
  const left = new Set<string | null>(transitions.flatMap(([, step]) => step.from));
  for (const state of [...reached, ...left]) if (state !== null && !known.has(state)) faults.push(`unknown state ${state}`);
  for (const [state, definition] of Object.entries<StateDefinition>(lifecycle.states)) {
    if (!reached.has(state)) faults.push(`${state} is never reached`);
    if (definition.terminal === true && left.has(state)) faults.push(`${state} is terminal and is left`);
    if (definition.terminal !== true && !left.has(state)) faults.push(`${state} is not terminal and can not be left`);
  }
  if (faults.length > 0) throw new Error(`lifecycle of ${lifecycle.aggregate}: ${faults.join('; ')}`);
  return lifecycle;
}

/** The states of a lifecycle, in the order of the literal. */
export const statesOf = <State extends string>(lifecycle: Lifecycle<State>): State[] => Object.keys(lifecycle.states) as State[];

/** Whether the table allows this step from this state. */
export const allows = <State extends string, Transition extends string>(
  lifecycle: Lifecycle<State, Transition>,
  transition: Transition,
  from: State | null,
): boolean => lifecycle.transitions[transition].from.includes(from);
