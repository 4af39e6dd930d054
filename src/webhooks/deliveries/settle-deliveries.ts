import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { newUuid } from '../../platform/ids/index.js';
import { EndpointNotices } from '../endpoints/endpoint-notices.js';
import { healthAfter, type LaneChange } from './breaker.js';
import type { SentDelivery } from './deliver.js';
import { type AttemptRow, DeliveryRepository } from './delivery.repository.js';
import { LaneRepository, type LaneRow } from './lane.repository.js';

export interface SettledUnheld {
  readonly counted: readonly SentDelivery[];
  /** Of lanes that somebody holds; they are as they were. */
  readonly held: ReadonlySet<SentDelivery>;
}

/**
 * Ends a group of attempts in one transaction: deliveries and attempts, the breakers of their lanes, what is told of them.
 * Safe to crash here because a delivery whose attempt was not settled is sent again when its lease ends: receivers get
 * events at least once, and tell a repetition by its id.
 */
@Injectable()
export class SettleDeliveries {
  constructor(
    private readonly deliveries: DeliveryRepository,
    private readonly lanes: LaneRepository,
    private readonly notices: EndpointNotices,
  ) {}

  /**
   * Waits for whoever holds a lane.
   * @returns those that counted; the others had been claimed anew by somebody else.
   */
  async execute(tx: Tx, sent: readonly SentDelivery[]): Promise<SentDelivery[]> {
    return this.settle(tx, this.lanes.lock(tx, lanesOf(sent)), sent);
  }

  /** Waits for nobody. */
  async executeUnheld(tx: Tx, sent: readonly SentDelivery[]): Promise<SettledUnheld> {
    const lanes = await this.lanes.lockUnheld(tx, lanesOf(sent));
    const ours = new Set(lanes.map(({ id }) => id));
    const held = new Set(sent.filter(({ delivery }) => !ours.has(delivery.endpoint_id)));
    const unheld = sent.filter((one) => !held.has(one));
    return { counted: await this.settle(tx, Promise.resolve(lanes), unheld), held };
  }

  private async settle(tx: Tx, locked: Promise<readonly LaneRow[]>, sent: readonly SentDelivery[]): Promise<SentDelivery[]> {
    // Lanes first, as everywhere: who disables or deletes one waits for us, or we for him, and then see what he did.
    const attempts = sent.map((one) => ({ id: newUuid(), ...attemptRow(one) }));
    const [lanes, written] = await Promise.all([locked, this.deliveries.settle(tx, attempts)]);
    const counted = sent.filter(({ delivery }) => written.has(delivery.id));
    if (counted.length === 0) return [];

    const retried = counted.filter(({ verdict }) => verdict.kind === 'retry').map(({ delivery }) => delivery.id);
    // What is put off first: a lane is ready when the first of what is open is due.
    await Promise.all([this.deliveries.deferSuccessors(tx, retried), this.updateLanes(tx, lanes, counted)]);
    return counted;
  }

  private async updateLanes(tx: Tx, lanes: readonly LaneRow[], counted: readonly SentDelivery[]): Promise<void> {
    const changes = lanes.flatMap((lane) => {
      const attempts = counted.filter(({ delivery }) => delivery.endpoint_id === lane.id).map(lessonOf);
      return attempts.length === 0 ? [] : [{ id: lane.id, ...healthAfter(lane, attempts, Math.random()) }];
    });
    await this.lanes.writeHealth(tx, changes);
    await this.notices.tell(tx, changes.flatMap(noticeOf));
  }
}

const lanesOf = (sent: readonly SentDelivery[]): string[] => [...new Set(sent.map(({ delivery }) => delivery.endpoint_id))];

const noticeOf = ({ id, notice }: LaneChange & { readonly id: string }) =>
  notice === null ? [] : [{ endpointId: id, type: notice }];

function lessonOf({ verdict }: SentDelivery): 'success' | 'failure' | 'gone' {
  switch (verdict.kind) {
    case 'delivered':
      return 'success';
    case 'gone':
      return 'gone';
    case 'retry':
    case 'exhausted':
      return 'failure';
  }
}

function attemptRow({ delivery, verdict, answer, started_ms, ended_ms }: SentDelivery): AttemptRow {
  const answered = answer.kind === 'answered';
  return {
    delivery_id: delivery.id,
    claim_no: delivery.claim_no,
    // A delivery that was answered 410 waits like the rest of its lane, which is disabled.
    state: verdict.kind === 'retry' || verdict.kind === 'gone' ? 'waiting' : verdict.kind,
    delay_s: verdict.kind === 'retry' ? verdict.delay_s : null,
    since_ms: performance.now() - started_ms,
    duration_ms: Math.round(ended_ms - started_ms),
    http_status: answered ? answer.status : null,
    error_class: verdict.kind === 'delivered' ? null : verdict.fault,
    address: answer.address,
    snippet: answered && answer.snippet !== '' ? answer.snippet : null,
  };
}
