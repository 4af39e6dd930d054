/** What a merchant's key can be narrowed to; a key without scopes may do all of it. Routes name theirs with `@Scopes`. */
export const SCOPES = [
  'bulks:read',
  'bulks:write',
  'payouts:cancel',
  'events:read',
  'webhooks:read',
  'webhooks:write',
  'audit:read',
] as const;

export type Scope = (typeof SCOPES)[number];

/**
 * The same for operators' keys: `read` sees what every list and every figure shows; `keys:write` makes and revokes keys, of
 * merchants and of operators with scopes that it holds itself; `merchants:write` makes merchants, whose first key comes along.
 */
export const OPERATOR_SCOPES = [
  'read',
  'merchants:write',
  'keys:write',
  'connectors:write',
  'brakes:write',
  'intents:resolve',
  'receivers:erase',
] as const;

export type OperatorScope = (typeof OPERATOR_SCOPES)[number];
