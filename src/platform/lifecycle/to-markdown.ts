import type { Lifecycle, TransitionDefinition } from './define-lifecycle.js';
import { toMermaid } from './to-mermaid.js';

/** One lifecycle as a chapter of `docs/lifecycles.md`: its diagram, its states and its steps with the event each writes. */
export function toMarkdown(lifecycle: Lifecycle): string {
  const states = Object.entries(lifecycle.states).map(
    ([state, { meaning, terminal }]) => `| \`${state}\` | ${meaning}${terminal === true ? ' Final.' : ''} |`,
  );
  const steps = Object.entries<TransitionDefinition<string>>(lifecycle.transitions).map(
    ([name, step]) =>
      `| ${name} | ${step.from.map((from) => (from === null ? '(new)' : `\`${from}\``)).join(', ')} | \`${step.to}\` ` +
      `| ${step.emits === null ? '' : `\`${step.emits}\``} | ${step.meaning} |`,
  );
  return [
    `## ${lifecycle.aggregate}`,
    '',
    `Stored in \`${lifecycle.stored.table}.${lifecycle.stored.column}\`.`,
    '',
    '```mermaid',
    toMermaid(lifecycle),
    '```',
    '',
    '| state | meaning |',
    '|---|---|',
    ...states,
    '',
    '| step | from | to | event | when |',
    '|---|---|---|---|---|',
    ...steps,
    '',
  ].join('\n');
}
