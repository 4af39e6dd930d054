import { type Caller, keyIdOf, merchantIdOf, ROOT_ID } from './credentials.js';
import type { HttpRequest } from './http-request.js';
import type { IdempotencyScope } from './idempotency-keys.js';
import { kernelProblem, notFound } from './kernel.problems.js';

const KEY = /^[\x20-\x7e]{1,255}$/;

/** No path of ours with real ids in it comes near, and an index entry of PostgreSQL ends at 2700 bytes. */
const PATH_LENGTH_MAX = 500;

/**
 * What the `Idempotency-Key` (or what its dialect has instead) of this request stands for, or null where it has none.
 * @throws `invalid_idempotency_key`
 */
export function idempotencyScopeOf(request: HttpRequest, caller: Exclude<Caller, { kind: 'nobody' }>): IdempotencyScope | null {
  const header = request.dialect === undefined ? 'idempotency-key' : request.dialect.idempotencyHeader;
  const sent = header === null ? undefined : request.headersDistinct[header];
  if (header === null || sent === undefined) return null;
  const [key] = sent;
  if (key === undefined || sent.length > 1 || !KEY.test(key)) {
    throw kernelProblem('invalid_idempotency_key', `Send ${header} once, with 1 to 255 printable ASCII characters.`);
  }
  if (request.path.length > PATH_LENGTH_MAX) throw notFound();
  // A merchant's keys share their answers; those of an operator hold different scopes, and secrets of merchants.
  const ownerId = merchantIdOf(caller) ?? keyIdOf(caller) ?? ROOT_ID;
  return { ownerId, method: request.method, path: oneSpelling(request.path), key };
}

/** The router takes `/v1/Bulks/` for `/v1/bulks`; under one key the two are one request. Ids are lower case already. */
const oneSpelling = (path: string): string => path.toLowerCase().replace(/\/$/, '');
