import type { PayoutLink } from '../../payout-links/index.js';
import type { PayeeDto } from './payout-link.dto.js';
import type { Metadata } from './request-reader.js';
import { phoneOf } from './user.repository.js';

/** What `send-payout` was asked for, as far as a link is shown with it again. */
interface SentLink {
  readonly payee: PayeeDto;
  readonly metadata: Metadata;
  readonly tax_exempt: boolean;
  readonly user_id: string | null;
}

const OF_NOBODY: SentLink = {
  payee: { first_name: null, last_name: null, email: null, country_code: null, phone_number: null },
  ...{ metadata: null, tax_exempt: false, user_id: null },
};

/** Of a link whose receiver was erased, nothing is left. */
export const sentOf = ({ sent }: PayoutLink['details']): SentLink => ({ ...OF_NOBODY, ...(sent as Partial<SentLink>) });

/** Of whom the link is for; null: it is not known. */
export function phoneOfLink(details: PayoutLink['details']): string | null {
  const { country_code, phone_number } = sentOf(details).payee;
  return country_code === null || phone_number === null ? null : phoneOf({ country_code, phone_number });
}
