import type { Resolution } from '../../src/payouts/resolve-intent.js';
import { CommitOutcomeUnknownError, isTransient } from '../../src/platform/database/index.js';
import { Problem } from '../../src/platform/http/index.js';
import { LEASE_S } from './engine.js';
import { Host } from './stage.js';
import type { World } from './world.js';

const LEASE_MS = LEASE_S * 1000;

/** The person who runs the engine, and reads the provider's statements of account. */
export class Operator {
  private resolved = 0;

  constructor(private readonly world: World) {}

  /** The operator settles by hand what needs review, truthfully. */
  async resolveOne(): Promise<void> {
    const { stage, engine, random, rejectedByHand } = this.world;
    const open = await this.reviews();
    if (open.length === 0) return;
    const { intentId, payoutId, key, status } = random.pick(open);
    this.resolved += 1;
    const name = `resolves(${stage.nameOf('payout', payoutId)} ${status})`;
    stage.enter(new Host(`operator${this.resolved}`, 0), name, async (actor) => {
      actor.steps = ['resolve'];
      try {
        await engine.transactions.asEngine(async (tx) => {
          await engine.resolve.execute(tx, { intentId, status, reason: 'the statement of account says so' });
          actor.committed = () => {
            if (status === 'rejected') rejectedByHand.add(key);
          };
        });
      } catch (error) {
        // Settled meanwhile, or answered 503: whoever looks again finds it.
        if (!(error instanceof Problem) && !(error instanceof CommitOutcomeUnknownError) && !isTransient(error)) throw error;
      }
    });
  }

  /** The operator has mended what the connector was paused for. */
  async resumeConnector(): Promise<void> {
    const { engine, stage, connectorId } = this.world;
    const [row] = await engine.read<{ paused: boolean }>(`SELECT paused_at IS NOT NULL AS paused FROM connector WHERE id = $1`, [
      connectorId,
    ]);
    if (row?.paused !== true) return;
    await engine.transactions.asEngine((tx) => engine.connectors.resume(tx, connectorId));
    this.world.resumed += 1;
    stage.trace('the operator resumes the connector');
    this.world.wake('execute');
  }

  /** What a person has to settle, and what the provider's statement of account says of it by now. */
  private async reviews(): Promise<{ intentId: string; payoutId: string; key: string; status: Resolution }[]> {
    const { engine, stage, provider, connectorId, temper } = this.world;
    const { staleWindow_ms, timeout_ms } = temper.provider;
    const rows = await engine.read<{ intent_id: string; payout_id: string; key: string }>(
      `SELECT i.id AS intent_id, i.payout_id, a.idempotency_key::text AS key
       FROM payout_intent i JOIN payout p ON p.id = i.payout_id JOIN attempt a ON a.payout_id = p.id AND a.number = p.attempt_no
       WHERE i.connector_id = $1 AND i.status = 'needs_review'
         AND extract(epoch FROM a.last_send_at)::double precision * 1000 + $2 < $3 ORDER BY i.payout_id`,
      [connectorId, LEASE_MS + staleWindow_ms + timeout_ms, stage.now_ms],
    );
    return rows.map(({ intent_id: intentId, payout_id: payoutId, key }) => {
      const entry = provider.ledger.find((each) => each.key === key);
      return { intentId, payoutId, key, status: entry === undefined ? 'rejected' : provider.paymentOf(entry).status };
    });
  }
}
