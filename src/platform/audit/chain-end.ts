import type { Sealer } from '../crypto/index.js';
import { endOf } from './audit-entry.js';
import type { ChainEnd } from './audit.repository.js';

/** Whether the engine has written this end; one behind which nothing was sealed yet needs no seal. */
export function isAsSealed({ merchant_id, number, hash, seal }: ChainEnd, sealer: Sealer): boolean {
  if (hash === null || seal === null) return Number(number) === 0;
  return seal.equals(sealer.fingerprint(endOf(merchant_id, Number(number), hash)));
}
