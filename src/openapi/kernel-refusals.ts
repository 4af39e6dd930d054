import type { RouteFacts } from './route-facts.js';

const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Whether the route takes an `Idempotency-Key`. */
export const takesIdempotencyKey = ({ method, caller }: RouteFacts): boolean => caller !== 'nobody' && WRITES.has(method);

/**
 * Codes that a route answers because of what kind of route it is: one row for each step of the kernel that a request goes
 * through, so that no controller has to repeat what it does not decide.
 */
const STEPS: readonly { readonly at: (route: RouteFacts) => boolean; readonly codes: readonly string[] }[] = [
  { at: () => true, codes: ['malformed_request', 'request_timeout', 'rate_limited', 'headers_too_large', 'internal_error'] },
  {
    at: ({ caller }) => caller !== 'nobody',
    codes: ['unauthorized', 'forbidden', 'invalid_query', 'database_unavailable'],
  },
  {
    at: ({ method }) => WRITES.has(method),
    codes: ['malformed_json', 'duplicate_key', 'payload_too_large', 'unsupported_media_type', 'too_busy'],
  },
  { at: takesIdempotencyKey, codes: ['invalid_idempotency_key', 'idempotency_key_in_use', 'idempotency_key_reused'] },
  { at: ({ carriesSecret }) => carriesSecret, codes: ['idempotency_answer_dropped'] },
  { at: ({ readsIfMatch }) => readsIfMatch, codes: ['invalid_if_match', 'version_conflict'] },
  { at: ({ ids }) => ids.size > 0, codes: ['not_found'] },
  { at: ({ readsPage }) => readsPage, codes: ['invalid_cursor'] },
  // A route without a body refuses one that says anything.
  { at: takesIdempotencyKey, codes: ['invalid_field', 'unknown_field'] },
];

/** Every code that the route may answer, its own and the kernel's, sorted. */
export const refusalsOf = (route: RouteFacts): string[] => {
  const codes = STEPS.flatMap(({ at, codes: own }) => (at(route) ? own : []));
  return [...new Set([...codes, ...route.notes.refuses])].sort();
};
