import { Egress, type EgressAnswer, type EgressRequest } from '../../src/webhooks/egress/egress.js';
import { assertEvent } from '../support/event-schema.js';
import type { Received, Scene } from './scene.js';
import { currentActor } from './stage.js';

/** The merchants' receivers behind the real dispatcher's door; append-only like the ledger. */
export class SimulatedEgress extends Egress {
  constructor(private readonly world: () => Scene) {
    super({ allowCidrs: [] });
  }

  override async post(request: EgressRequest): Promise<EgressAnswer> {
    const world = this.world();
    const actor = currentActor();
    if (actor === null) throw new Error('a webhook outside of any actor');
    await world.stop(actor, 'post:before');
    const fault = !world.healed && world.random.chance(world.temper.receiverFaults) ? world.random.pick(FAULTS) : null;
    if (fault !== null) world.countFault(`post ${fault}`);
    if (fault !== 'lost') world.received.push(readEvent(request));
    await world.stop(actor, 'post:after_effect');
    return answerOf(fault);
  }
}

const FAULTS = ['lost', 'answered_500', 'answer_lost'] as const;

function answerOf(fault: (typeof FAULTS)[number] | null): EgressAnswer {
  const address = '127.0.0.1';
  if (fault === null) return { kind: 'answered', status: 204, retryAfter: null, snippet: '', address };
  if (fault === 'answered_500') return { kind: 'answered', status: 500, retryAfter: null, snippet: 'oops', address };
  return { kind: 'failed', fault: 'timeout', address };
}

function readEvent({ url, body }: EgressRequest): Received {
  const event = JSON.parse(body.toString('utf8')) as { type: string; data: Record<string, unknown> };
  assertEvent(event);
  const { event_id, sequence, payout_id, bulk_id, endpoint_id } = event.data;
  return { url, eventId: String(event_id), subject: String(payout_id ?? bulk_id ?? endpoint_id), sequence: Number(sequence) };
}
