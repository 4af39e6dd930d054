import type { Sealer } from '../../platform/crypto/index.js';
import { toTypeId } from '../../platform/ids/index.js';
import { openHeaders } from '../endpoints/custom-headers.js';
import { signatureHeaders } from '../signing/signature.js';
import { endpointSecretsPlace, merchantSecretsPlace, openSecrets, secretsAt } from '../signing/signing-secrets.js';
import type { ClaimedDelivery } from './delivery.repository.js';

const FIXED = {
  'content-type': 'application/json',
  'user-agent': 'Tranche-Webhooks/1',
  accept: '*/*',
  // An answer that has to be inflated could be a bomb, and nobody reads it.
  'accept-encoding': 'identity',
};

interface DeliveryHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** What of them opens a gateway, and must not come back in an answer that is kept. */
  readonly secrets: readonly string[];
}

/**
 * All headers of one attempt: the endpoint's own, ours, and the signature over this second. The second is the database's:
 * receivers refuse what is five minutes off, and this process's clock may be wrong.
 */
export function deliveryHeaders(delivery: ClaimedDelivery, sealer: Sealer, sinceClaim_ms: number): DeliveryHeaders {
  const own = delivery.headers === null ? {} : openHeaders(sealer, delivery.headers, delivery.endpoint_id);
  const headers = { ...own, ...FIXED, ...signature(delivery, sealer, delivery.claimed_at.getTime() + sinceClaim_ms) };
  return { headers, secrets: secretsIn(Object.values(own)) };
}

/** Word by word, because an echo may leave out the scheme before a token; as it is, and as JSON writes it. */
const secretsIn = (values: readonly string[]): string[] =>
  values.flatMap((value) => value.split(' ')).flatMap((word) => [word, JSON.stringify(word).slice(1, -1)]);

/** With the merchant's secret for what its bulks name, with the endpoint's own for what it registered, with both where it is both. */
function signature(delivery: ClaimedDelivery, sealer: Sealer, now_ms: number): Record<string, string> {
  const { merchant_id, endpoint_id, claimed_at } = delivery;
  const secrets = [
    ...(delivery.from_bulk ? openSecrets(sealer, delivery.merchant_secrets, merchantSecretsPlace(merchant_id)) : []),
    ...(delivery.secrets === null ? [] : openSecrets(sealer, delivery.secrets, endpointSecretsPlace(endpoint_id))),
  ];
  const content = {
    id: toTypeId('event', delivery.event_id),
    timestamp_s: Math.floor(now_ms / 1000),
    body: delivery.body,
  };
  return signatureHeaders(content, secretsAt(secrets, claimed_at));
}
