import type { Configuration } from '../../src/platform/config/index.js';
import { type Tx, WakeListener } from '../../src/platform/database/index.js';
import { newUuid } from '../../src/platform/ids/index.js';
import { Metrics, Traces } from '../../src/platform/observability/index.js';
import { ClaimDeliveries } from '../../src/webhooks/deliveries/claim-deliveries.js';
import { Deliver } from '../../src/webhooks/deliveries/deliver.js';
import { DeliveryRepository } from '../../src/webhooks/deliveries/delivery.repository.js';
import { DispatcherMetrics } from '../../src/webhooks/deliveries/dispatcher-metrics.js';
import { Dispatcher } from '../../src/webhooks/deliveries/dispatcher.js';
import { LaneRepository } from '../../src/webhooks/deliveries/lane.repository.js';
import { Places } from '../../src/webhooks/deliveries/places.js';
import { SettleAndClaim } from '../../src/webhooks/deliveries/settle-and-claim.js';
import { SettleDeliveries } from '../../src/webhooks/deliveries/settle-deliveries.js';
import { WriteBodies } from '../../src/webhooks/deliveries/write-bodies.js';
import { Egress } from '../../src/webhooks/egress/egress.js';
import { EndpointNotices } from '../../src/webhooks/endpoints/endpoint-notices.js';
import { EndpointRepository } from '../../src/webhooks/endpoints/endpoint.repository.js';
import type { EventDraft } from '../../src/webhooks/events/event-draft.js';
import { newSigningSecret } from '../../src/webhooks/signing/signing-keys.js';
import { endpointSecretsPlace, sealSecrets } from '../../src/webhooks/signing/signing-secrets.js';
import type { TestDatabase } from './test-database.js';
import { testSealer } from './test-merchant.js';

export type DispatcherOptions = Partial<Pick<Configuration, 'webhookRetrySchedule_s' | 'webhookTimeout_s'>> & {
  /** How many calls it may have out at a time. */
  readonly places?: number;
};

export interface RunningDispatcher {
  readonly dispatcher: Dispatcher;
  readonly egress: Egress;
  readonly metrics: Metrics;
  stop(): Promise<void>;
}

/** A dispatcher with sockets and connections of its own, as one process has it. Not started. */
export function dispatcherOn(db: TestDatabase, options: DispatcherOptions = {}): RunningDispatcher {
  const configuration = {
    webhookTimeout_s: 5,
    webhookRetrySchedule_s: [0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05],
    roles: new Set(['worker']),
    ...options,
    lease_s: (options.webhookTimeout_s ?? 5) + 31,
  } as unknown as Configuration;
  const deliveries = new DeliveryRepository();
  const lanes = new LaneRepository();
  const endpoints = new EndpointRepository();
  const egress = new Egress({ allowCidrs: ['127.0.0.0/8'] });
  const wakes = new WakeListener(db.url);
  const metrics = new Metrics();
  const dispatcherMetrics = new DispatcherMetrics(metrics, new Traces({ traces: null }));
  const settle = new SettleDeliveries(deliveries, lanes, new EndpointNotices(endpoints));
  const dispatcher = new Dispatcher(
    db.transactions,
    new SettleAndClaim(
      settle,
      new ClaimDeliveries(lanes, deliveries, configuration),
      new WriteBodies(deliveries, lanes, dispatcherMetrics),
      lanes,
    ),
    settle,
    lanes,
    new Deliver(egress, testSealer, configuration),
    egress,
    wakes,
    dispatcherMetrics,
    new Places(options.places),
    configuration,
  );
  const stop = async (): Promise<void> => {
    await dispatcher.stop();
    await wakes.onModuleDestroy();
  };
  return { dispatcher, egress, metrics, stop };
}

export interface RegisteredEndpoint {
  readonly id: string;
  readonly secret: string;
}

export async function registerEndpoint(
  db: TestDatabase,
  merchantId: string,
  { url, eventTypes = null, format = 'native' }: { url: string; eventTypes?: string[] | null; format?: string },
): Promise<RegisteredEndpoint> {
  const endpoints = new EndpointRepository();
  const secret = newSigningSecret();
  return db.transactions.asEngine(async (tx) => {
    const id = await endpoints.insert(tx, {
      id: newUuid(),
      merchantId,
      url,
      format,
      event_types: eventTypes,
      description: null,
    });
    if (id === null) throw new Error('registered before');
    await endpoints.writeSecrets(tx, id, sealSecrets(testSealer, [{ secret, expires_at: null }], endpointSecretsPlace(id)));
    return { id, secret };
  });
}

/** A subject whose events are counted as a payout's row counts them: a number under a lock. Here the caller is the only writer. */
export class Subject {
  readonly id = newUuid();
  private sequence = 0;

  constructor(
    private readonly merchantId: string,
    private readonly place: { readonly bulkId?: string; readonly bulkEndpointId?: string } = {},
  ) {}

  /** The next event, in the caller's transaction. */
  async draft(tx: Tx, type = 'payout.scheduled'): Promise<EventDraft> {
    const now = await tx.one<{ feed: string; at: Date }>('SELECT feed_now() AS feed, tranche_now() AS at');
    if (now === null) throw new Error('no clock');
    this.sequence += 1;
    return {
      merchantId: this.merchantId,
      type,
      subjectId: this.id,
      sequence: this.sequence,
      feed: now.feed,
      bulkId: this.place.bulkId ?? null,
      payoutId: this.id,
      bulkEndpointId: this.place.bulkEndpointId ?? null,
      at: now.at,
      data: { subject: this.id },
    };
  }
}
