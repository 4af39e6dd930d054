import { isUtf8 } from 'node:buffer';
import type { Confirmation, NotificationReading } from '../connector.js';
import { isObject, isPaymentId, type JsonMembers, jsonObjectOf } from '../wire/provider-json.js';
import type { PaypalClient } from './paypal.client.js';
import { toConfirmation } from './paypal.mapping.js';

/** Webhooks that are shown to PayPal at once: few, because payouts have the same account and its rate limits. */
export const QUESTIONS_MAX = 4;
/** So long PayPal is left alone after it could not say. It sends again for three days whatever we do not take. */
const REST_MS = 2_000;
/** An event about a payout has two thousand bytes or so. */
const EVENT_BYTES_MAX = 65_536;

/** What is signed beside the event, each with the length that PayPal allows it; the header of each is named alike. */
const SIGNED = { auth_algo: 100, cert_url: 500, transmission_id: 50, transmission_sig: 500, transmission_time: 100 };
type Signed = Readonly<Record<keyof typeof SIGNED, string>>;

/**
 * Reads webhooks of PayPal's (https://developer.paypal.com/api/rest/webhooks/event-names/#payouts) as hints: nothing is taken
 * from one but the id of the batch to look at, and that only where PayPal confirms that it sent it. PayPal is asked, because the
 * other way takes a certificate from behind a URL in a header, and Node has nothing that judges a chain of certificates.
 */
export class PaypalWebhooks {
  private questions = 0;
  private restsUntil_ms = 0;

  constructor(
    private readonly client: PaypalClient,
    private readonly webhookId: string,
  ) {}

  read(headers: Readonly<Record<string, string>>, body: Buffer): NotificationReading {
    const signed = signedIn(headers);
    const text = body.length <= EVENT_BYTES_MAX && isUtf8(body) ? body.toString('utf8') : null;
    const event = jsonObjectOf(text);
    if (signed === null || text === null || event === null) return { kind: 'refused' };
    const batchId = batchIdOf(event);
    if (batchId === null) return { kind: 'irrelevant' };
    return {
      kind: 'hint',
      providerReference: batchId,
      notificationId: signed.transmission_id,
      confirm: () => this.confirm(this.question(signed, text)),
    };
  }

  /** The event as it came, byte for byte: written anew, a number or an escape would be another, and the signature wrong. */
  private question(signed: Signed, event: string): string {
    return `${JSON.stringify({ ...signed, webhook_id: this.webhookId }).slice(0, -1)},"webhook_event":${event}}`;
  }

  private async confirm(body: string): Promise<Confirmation> {
    if (this.questions >= QUESTIONS_MAX || performance.now() < this.restsUntil_ms) return 'unavailable';
    this.questions += 1;
    const call = { method: 'POST', path: '/v1/notifications/verify-webhook-signature', body } as const;
    const exchange = await this.client.call(call, this.client.deadline_ms());
    this.questions -= 1;
    const confirmation = toConfirmation(exchange);
    if (confirmation === 'unavailable') this.restsUntil_ms = performance.now() + REST_MS;
    return confirmation;
  }
}

function signedIn(headers: Readonly<Record<string, string>>): Signed | null {
  const found = Object.entries(SIGNED).flatMap(([member, lengthMax]) => {
    const value = headers[`paypal-${member.replaceAll('_', '-')}`] ?? '';
    return /^[\x21-\x7e]+$/.test(value) && value.length <= lengthMax ? [[member, value] as const] : [];
  });
  return found.length === Object.keys(SIGNED).length ? (Object.fromEntries(found) as Signed) : null;
}

function batchIdOf({ resource }: JsonMembers): string | null {
  if (!isObject(resource)) return null;
  const header = isObject(resource['batch_header']) ? resource['batch_header'] : resource;
  const batchId = header['payout_batch_id'];
  return isPaymentId(batchId) ? batchId : null;
}
