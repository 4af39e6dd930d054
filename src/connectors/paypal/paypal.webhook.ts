import type { NotificationReading } from '../connector.js';
import { isObject, isPaymentId, jsonObjectOf } from '../wire/provider-json.js';

/**
 * Reads a webhook of PayPal's (https://developer.paypal.com/api/rest/webhooks/event-names/#payouts) as a hint. Its signature can be
 * verified with PayPal's help only (a certificate behind a URL in a header, or a call that hands the event back), and what it
 * says is worth no more than a look: so nothing but the id of the batch is taken from it, and PayPal is asked.
 */
export function readPaypalWebhook(body: Buffer): NotificationReading {
  const resource = jsonObjectOf(body.toString('utf8'))?.['resource'];
  if (!isObject(resource)) return { kind: 'irrelevant' };
  const header = isObject(resource['batch_header']) ? resource['batch_header'] : resource;
  const providerReference = header['payout_batch_id'];
  return isPaymentId(providerReference) ? { kind: 'hint', providerReference } : { kind: 'irrelevant' };
}
