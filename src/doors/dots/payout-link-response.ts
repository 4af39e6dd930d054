import type { PayoutLink, PayoutLinkStatus } from '../../payout-links/index.js';
import { formatInstant } from '../../platform/time/index.js';
import type { LinkStatus, PayoutLinkDto } from './payout-link.dto.js';
import { sentOf } from './sent-link.js';

/** Nothing is sent from here, so no link is on its way or delivered. */
const STATUS: Readonly<Record<PayoutLinkStatus, LinkStatus>> = {
  open: 'created',
  claimed: 'claimed',
  cancelled: 'canceled',
  expired: 'expired',
};

/** @param url where the link leads. */
export function toPayoutLink(link: PayoutLink, url: string): PayoutLinkDto {
  const sent = sentOf(link.details);
  const { country_code, phone_number } = sent.payee;
  return {
    id: link.id,
    created: formatInstant(link.created_at),
    link: url,
    amount: Number(link.amount_minor),
    status: STATUS[link.status],
    payee: sent.payee,
    delivery: { method: 'link', email: null, country_code, phone_number },
    tax_exempt: sent.tax_exempt,
    claimed_user_id: link.status === 'claimed' ? sent.user_id : null,
    flow_id: null,
    metadata: sent.metadata,
  };
}
