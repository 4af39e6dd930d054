import { defineLifecycle } from '../../platform/lifecycle/index.js';

/** The life of one delivery: one event on its way to one endpoint. It tells nothing: an event about an event would never end. */
export const deliveryLifecycle = defineLifecycle({
  aggregate: 'webhook_delivery',
  stored: { table: 'webhook_delivery', column: 'state' },
  states: {
    waiting: {
      meaning:
        'Sent once it is due and no earlier event of the same payout is open at the endpoint. Shown as `held` while the endpoint is disabled.',
    },
    in_flight: { meaning: 'Being sent under a lease; when its process dies, another sends it again.' },
    delivered: { meaning: 'The endpoint answered 2xx.' },
    exhausted: {
      meaning:
        'The last attempt of the schedule failed, or its event can not be written in the format of the endpoint; sent again only when asked for.',
    },
    skipped: { meaning: 'Dropped by whoever enabled or deleted its endpoint.' },
    expired: { meaning: 'Was held for so long (WEBHOOK_HELD_DAYS) that it was dropped; sent again only when asked for.' },
  },
  transitions: {
    record: { from: [null], to: 'waiting', emits: null, meaning: 'An event was written that the endpoint gets.' },
    claim: {
      from: ['waiting', 'in_flight'],
      to: 'in_flight',
      emits: null,
      meaning: 'A dispatcher took it, or took it over after its lease.',
    },
    deliver: { from: ['in_flight'], to: 'delivered', emits: null, meaning: 'Answered 2xx.' },
    retry: {
      from: ['in_flight'],
      to: 'waiting',
      emits: null,
      meaning: 'Failed; due again after the pause that the schedule says.',
    },
    exhaust: {
      from: ['in_flight'],
      to: 'exhausted',
      emits: null,
      meaning: 'Failed, and the schedule has no further pause; or it can not be written, which no pause would mend.',
    },
    hasten: {
      from: ['waiting'],
      to: 'waiting',
      emits: null,
      meaning: 'Its endpoint was enabled while it waited for a retry: due again, with a fresh schedule.',
    },
    skip: {
      from: ['waiting', 'in_flight'],
      to: 'skipped',
      emits: null,
      meaning: 'Its endpoint was enabled without this part of the backlog, or deleted; nobody is sending it.',
    },
    expire: {
      from: ['waiting', 'in_flight'],
      to: 'expired',
      emits: null,
      meaning: 'Nobody has enabled its endpoint for too long.',
    },
    resend: {
      from: ['delivered', 'exhausted', 'skipped', 'expired', 'waiting'],
      to: 'waiting',
      emits: null,
      meaning: 'Somebody asked to send it again, or sooner.',
    },
  },
});
