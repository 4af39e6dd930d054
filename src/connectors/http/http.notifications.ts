import { Webhook } from 'standardwebhooks';
import { cutToStorable } from '../account-data.js';
import type { NotificationReading } from '../connector.js';
import { jsonObjectOf } from '../wire/provider-json.js';
import { toPayment } from './http.mapping.js';

const TYPE = 'payout_intent.updated';

/**
 * Reads a provider's notification: signed as Standard Webhooks, at most 5 minutes old (the tolerance of the official
 * package), about one payment. Age and signature are all that is checked here: doubled and late ones are the engine's to bear.
 */
export function notificationReader(
  secret: string,
): (headers: Readonly<Record<string, string>>, body: Buffer) => NotificationReading {
  const webhook = new Webhook(secret);
  return (headers, body) => {
    const text = body.toString('utf8');
    try {
      webhook.verify(text, { ...headers }, { jsonParse: false });
    } catch {
      return { kind: 'refused' };
    }
    const message = jsonObjectOf(text);
    if (message === null) return { kind: 'refused' };
    if (message['type'] !== TYPE) return { kind: 'irrelevant' };
    const { data } = message;
    const members = typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : null;
    const payment = toPayment(members, cutToStorable);
    if (members === null || payment === null) return { kind: 'refused' };
    const key = members['idempotency_key'];
    return {
      kind: 'update',
      notification: {
        providerReference: payment.providerReference,
        idempotencyKey: typeof key === 'string' ? cutToStorable(key) : null,
        payment,
      },
    };
  };
}
