import { type Actor, recordAudit } from '../audit/index.js';
import type { Tx } from '../database/index.js';
import { fromTypeId, toTypeId } from '../ids/index.js';
import type { Answer } from './answer.js';
import type { Caller } from './credentials.js';
import type { HttpRequest } from './http-request.js';

/**
 * The audit entry of a request that has changed something, in its transaction. Written here, for every write that a key can
 * ask for, so that no route can forget it; what changed in detail is noted by the use case.
 */
export async function auditRequest(tx: Tx, request: HttpRequest, done: { action: string; answer: Answer }): Promise<void> {
  const { subject, merchantId, changes } = tx.noted();
  const named = subject ?? nameIn(request.params['id']) ?? nameIn(idOfAnswer(done.answer));
  const merchant = tx.merchantId ?? merchantId ?? ownerNamed(request.params['id'] ?? named);
  await recordAudit(tx, {
    merchantId: merchant,
    actor: actorOf(request.caller),
    requestId: request.requestId,
    action: done.action,
    subject: named,
    changes,
  });
}

function actorOf(caller: Caller | undefined): Actor {
  if (caller?.kind === 'merchant') return { kind: 'merchant_key', id: toTypeId('key', caller.merchant.keyId) };
  // Nobody that we know: the subject says what was shown to us.
  if (caller?.kind === 'guest') return { kind: 'system', id: 'guest' };
  const keyId = caller?.kind === 'operator' ? caller.operator.keyId : null;
  return { kind: 'operator', id: keyId === null ? null : toTypeId('key', keyId) };
}

/** The merchant that an operator's route is about, where it is about one. */
const ownerNamed = (id: unknown): string | null => (typeof id === 'string' ? fromTypeId('merchant', id) : null);

const nameIn = (id: unknown): string | null => (typeof id === 'string' ? id : null);

/** What a creation made. */
function idOfAnswer({ status, body }: Answer): unknown {
  return status === 201 && body !== null ? (JSON.parse(body) as { id?: unknown }).id : null;
}
