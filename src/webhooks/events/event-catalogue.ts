import type { JsonSchema } from './event-schema.js';

/** One type of event, for readers: what it tells, and what its `data` looks like. */
export interface EventTypeDefinition {
  /** One sentence on when it is written. */
  readonly meaning: string;
  /** A whole `data` member, as a receiver gets it. */
  readonly example: Readonly<Record<string, unknown>>;
  /** JSON Schema (2020-12) of `data`. */
  readonly schema: JsonSchema;
}

const catalogue = new Map<string, EventTypeDefinition>();

/**
 * Declares a feature's event types. All of them are in one catalogue, which drives OpenAPI, docs/events.md and what an
 * endpoint may subscribe to; webhooks itself knows none but its own.
 */
export function defineEvents<const Type extends string>(
  table: Readonly<Record<Type, EventTypeDefinition>>,
): Readonly<Record<Type, EventTypeDefinition>> {
  for (const [type, definition] of Object.entries<EventTypeDefinition>(table)) {
    if (catalogue.has(type)) throw new Error(`event type ${type} is declared twice`);
    catalogue.set(type, definition);
  }
  return table;
}

/** Every type that any loaded module may write, sorted. */
export const allEvents = (): [string, EventTypeDefinition][] => [...catalogue].sort(([a], [b]) => a.localeCompare(b));

export const isKnownEventType = (type: string): boolean => catalogue.has(type);
