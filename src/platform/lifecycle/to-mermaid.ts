import type { Lifecycle, TransitionDefinition } from './define-lifecycle.js';

/** The lifecycle as a Mermaid state diagram, one arrow per pair of states, for `docs/lifecycles.md`. */
export function toMermaid(lifecycle: Lifecycle): string {
  const arrows = Object.entries<TransitionDefinition<string>>(lifecycle.transitions).flatMap(([name, step]) =>
    step.from.map((from) => `    ${from ?? '[*]'} --> ${step.to}: ${name}`),
  );
  const ends = Object.entries(lifecycle.states)
    .filter(([, state]) => state.terminal === true)
    .map(([state]) => `    ${state} --> [*]`);
  return ['stateDiagram-v2', ...arrows, ...ends].join('\n');
}
