import type { Topic } from './scene.js';
import type { World } from './world.js';

const TOPICS: readonly Topic[] = ['validate', 'execute', 'deliver'];

/** What the rows say is to be done, and when; read again after each commit. */
export class Agenda {
  private instants: readonly { readonly topic: Topic; readonly at_ms: number }[] = [];
  private readAfter = -1;

  constructor(private readonly world: World) {}

  /** Which kinds of work have something to do at this instant, and the next instant at which that changes by itself. */
  async lookAhead(): Promise<{ readonly due: readonly Topic[]; readonly next_ms: number | null }> {
    const { engine, stage, connectorId, merchantIds, commits } = this.world;
    if (this.readAfter !== commits) {
      const rows = await engine.read<{ topic: Topic; at_ms: number }>(INSTANTS, [connectorId, merchantIds]);
      this.instants = rows.map(({ topic, at_ms }) => ({ topic, at_ms: Math.ceil(at_ms) }));
      this.readAfter = commits;
    }
    const { now_ms } = stage;
    const next = this.instants.filter(({ at_ms }) => at_ms > now_ms).map(({ at_ms }) => at_ms);
    const due = new Set(this.instants.filter(({ at_ms }) => at_ms <= now_ms).map(({ topic }) => topic));
    return { due: TOPICS.filter((topic) => due.has(topic)), next_ms: next.length === 0 ? null : Math.min(...next) };
  }
}

/** Every instant at which something is to be done. */
const INSTANTS = `
  SELECT topic, extract(epoch FROM at)::double precision * 1000 AS at_ms
  FROM (
    SELECT 'validate' AS topic, coalesce(lease_until + interval '1 ms', 'epoch') AS at
    FROM payout WHERE status IN ('VALIDATION_PENDING', 'VALIDATION_IN_PROGRESS') AND merchant_id = ANY($2::uuid[])
    UNION
    SELECT 'execute', scheduled_at FROM payout
    WHERE connector_id = $1 AND merchant_id = ANY($2::uuid[]) AND status = 'SCHEDULED' AND NOT held
      AND EXISTS (SELECT FROM connector WHERE id = $1 AND paused_at IS NULL)
    UNION
    SELECT 'execute', next_check_at FROM payout_intent
    WHERE connector_id = $1 AND next_check_at IS NOT NULL
    UNION
    SELECT 'execute', over FROM connector c CROSS JOIN LATERAL unnest(ARRAY[c.busy_until, c.breaker_until, c.probe_until]) AS r (over)
    WHERE c.id = $1 AND over IS NOT NULL
    UNION
    SELECT 'deliver', greatest(d.due_at, e.paused_until)
    FROM webhook_endpoint e JOIN webhook_delivery d ON d.endpoint_id = e.id
    WHERE e.status <> 'disabled' AND d.state IN ('waiting', 'in_flight') AND e.merchant_id = ANY($2::uuid[])) work`;
