import { defineLifecycle, type StateOf } from '../../platform/lifecycle/index.js';

/** The life of one resend: many deliveries that are sent again. It tells nothing: what it sends tells itself. */
export const resendLifecycle = defineLifecycle({
  aggregate: 'webhook_resend',
  stored: { table: 'webhook_resend', column: 'state' },
  states: {
    matching: { meaning: 'The deliveries that it is about are being looked for. Nothing is sent yet.' },
    sending: { meaning: 'They go out again, a few of each endpoint at a time.' },
    finished: { meaning: 'All that it let go were delivered, or exhausted.', terminal: true },
    cancelled: { meaning: 'Somebody ended it; what had been let go was still sent.', terminal: true },
  },
  transitions: {
    create: { from: [null], to: 'matching', emits: null, meaning: 'Somebody asked for it.' },
    match: {
      from: ['matching'],
      to: 'sending',
      emits: null,
      meaning: 'Every event that was there when it was made has been looked at.',
    },
    finish: { from: ['sending'], to: 'finished', emits: null, meaning: 'Nothing is left, and nothing of it is open.' },
    cancel: { from: ['matching', 'sending'], to: 'cancelled', emits: null, meaning: 'Somebody cancelled it.' },
  },
});

export type ResendState = StateOf<typeof resendLifecycle>;
