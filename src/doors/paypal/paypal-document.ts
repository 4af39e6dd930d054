import { REFUSAL_STATUSES } from './paypal-refusal.js';
import { paypalWebhooksDocument } from './paypal-webhooks-document.js';
import { PaypalModule } from './paypal.module.js';

/** What the door's own API document has that can not be read off its routes. */
export const paypalDocument = {
  module: PaypalModule,
  title: 'Tranche for clients of PayPal Payouts',
  description: `PayPal Payouts v1 as far as Tranche keeps it, so that a client written for it works after a change of its base URL and credentials: the client id is the id of an API key, the client secret the key.

A batch is a bulk of the native contract, an item a payout; ids are the native ones without \`bulk_\` and \`payout_\`. What is different from PayPal is listed in docs/doors.md. Every refusal has the shape \`Error\`; members and parameters that are unknown are ignored.`,
  securitySchemes: {
    client: { type: 'http', scheme: 'basic', description: 'The id of an API key, and the key.' },
    token: { type: 'http', scheme: 'bearer', description: 'An access token. It has the scopes of its key, and dies with it.' },
  },
  callersScheme: 'token',
  refusalMember: 'name',
  requestHeader: {
    name: 'PayPal-Request-Id',
    in: 'header',
    required: false,
    description:
      'One for each thing that is to happen once; the same with the same body gets the first answer again, for 24 hours at least.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x20-\\x7e]+$' },
    example: 'payroll-2026-11/1',
  },
  webhooks: paypalWebhooksDocument,
  statuses: REFUSAL_STATUSES,
  commonRefusals: [
    'AUTHENTICATION_FAILURE',
    'REQUIRED_SCOPE_MISSING',
    'RATE_LIMIT_REACHED',
    'INTERNAL_ERROR',
    'SERVICE_UNAVAILABLE',
  ],
};
