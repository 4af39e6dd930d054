import { Injectable } from '@nestjs/common';
import { ReceiverKeys } from '../../bulks/index.js';
import { ClaimPayoutLink, CreatePayoutLink, PayoutLinkQueries } from '../../payout-links/index.js';
import type { Tx } from '../../platform/database/index.js';
import { toTypeId } from '../../platform/ids/index.js';
import { digestOf } from './digest.js';
import { DotsRefusal, notFound } from './dots-refusal.js';
import { type Payee, type ReadSendPayout, readSendPayout } from './read-send-payout.js';
import { receiverOf } from './receiver.js';
import { phoneOf, type User, UserRepository } from './user.repository.js';

/**
 * Makes a payout link; a user who has a payout method that can be paid by claims it at once.
 * Safe to crash here because it is one transaction: either there is a link, claimed or not, or nothing.
 */
@Injectable()
export class SendPayout {
  constructor(
    private readonly create: CreatePayoutLink,
    private readonly claim: ClaimPayoutLink,
    private readonly links: PayoutLinkQueries,
    private readonly users: UserRepository,
    private readonly receivers: ReceiverKeys,
  ) {}

  /**
   * @returns the uuid of the link: under a key that was sent before, of the first.
   * @throws invalid-input, not-found, idempotency-key-reused
   */
  async execute(tx: Tx, merchantId: string, body: unknown): Promise<string> {
    const read = readSendPayout(body);
    const digest = digestOf({ ...read, cents: String(read.cents) });
    const first = read.key === null ? null : await this.links.findByKey(tx, merchantId, read.key);
    if (first !== null) {
      if (first.details.sent['digest'] !== digest) throw new DotsRefusal('idempotency-key-reused');
      tx.note({ changes: [], subject: toTypeId('link', first.id) });
      return first.id;
    }
    // Before he is read: whoever erases him waits for us, or we for him, and then find him no more.
    await this.receivers.hold(tx, merchantId);
    const user = await this.userOf(tx, merchantId, read.payee);
    const linkId = await this.create.execute(tx, {
      merchantId,
      amountMinor: read.cents,
      currency: 'USD',
      senderKey: read.key,
      phone: phoneIn(read.payee, user),
      details: { memo: read.memo, sent: { ...sentOf(read, user), digest } },
    });
    if (user !== null && user.profile.methods.length > 0) {
      const receiver = receiverOf(user, { platform: 'default', accountId: null });
      // Refused, the link stays for him to say how else.
      await this.claim.execute(tx, { merchantId, linkId, receiver });
    }
    return linkId;
  }

  private async userOf(tx: Tx, merchantId: string, payee: Payee): Promise<User | null> {
    if ('phone' in payee) return this.users.findByPhone(tx, merchantId, payee.phone);
    const user = (await this.users.find(tx, merchantId, [payee.userId])).get(payee.userId);
    if (user === undefined) throw notFound();
    return user;
  }
}

function phoneIn(payee: Payee, user: User | null): string | null {
  if ('phone' in payee) return phoneOf(payee.phone);
  return user === null ? null : phoneOf(user.profile);
}

/** What the link is shown with again. */
const sentOf = ({ payee, metadata, taxExempt, others }: ReadSendPayout, user: User | null) => ({
  ...others,
  metadata,
  tax_exempt: taxExempt,
  user_id: user?.id ?? null,
  payee: {
    first_name: user?.profile.first_name ?? null,
    last_name: user?.profile.last_name ?? null,
    email: user?.profile.email ?? null,
    ...('phone' in payee
      ? payee.phone
      : { country_code: user?.profile.country_code ?? null, phone_number: user?.profile.phone_number ?? null }),
  },
});
