/** What a key can be narrowed to; a key without scopes may do all of it. Routes name theirs with `@Scopes`. */
export const SCOPES = ['bulks:read', 'bulks:write', 'payouts:cancel', 'events:read', 'webhooks:read', 'webhooks:write'] as const;

export type Scope = (typeof SCOPES)[number];
