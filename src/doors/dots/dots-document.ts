import { REFUSAL_STATUSES } from './dots-refusal.js';
import { DotsModule } from './dots.module.js';

/** What the door's own API document has that can not be read off its routes. */
export const dotsDocument = {
  module: DotsModule,
  title: 'Tranche for clients of Dots',
  description: `Dots v2 as far as Tranche keeps it, so that a client written for it works after a change of its base URL, its credentials and the ids of its users: the client id is the id of an API key, the API key the key.

A batch is a bulk of the native contract, an item a payout; ids are the native ones as UUIDs. What is different from Dots is listed in docs/doors.md. Every refusal has the shape \`Error\`; members and parameters that are unknown are ignored.`,
  securitySchemes: {
    client: { type: 'http', scheme: 'basic', description: 'The id of an API key, and the key.' },
  },
  callersScheme: 'client',
  requestHeader: null,
  refusalMember: 'error_code',
  statuses: REFUSAL_STATUSES,
  commonRefusals: ['unauthorized', 'forbidden', 'rate-limited', 'internal-error', 'service-unavailable'],
};
