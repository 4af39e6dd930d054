import { Injectable } from '@nestjs/common';
import { ReceiverKeys } from '../bulks/index.js';
import type { Tx } from '../platform/database/index.js';
import { forgetAnswersAbout, notFound } from '../platform/http/index.js';
import { toTypeId } from '../platform/ids/index.js';
import type { ErasedReceiverDto } from './dto/erase-receiver.dto.js';
import { FindReceiver, type ReceiverNames } from './find-receiver.js';
import { type PayoutOfReceiver, ReceiverErasures } from './receiver-erasures.repository.js';
import { idsOf, type KnownRecords, ReceiverRecords } from './receiver-records.js';
import { receiverProblem } from './receiver.problems.js';
import { SealOldContents } from './seal-old-contents.js';

/** Named in one refusal; the rest would help nobody. */
const NAMED_MAX = 100;

export interface EraseReceiverCommand {
  readonly merchantId: string;
  readonly by: ReceiverNames;
}

/**
 * Forgets who was paid, and keeps what was paid. Account and billing data of every payout to him lie under one key, which goes;
 * with it go the accounts that were named by mistake and mended, what the doors keep of him, and answers that are kept under
 * idempotency keys.
 * Safe to crash here because it is one transaction. Nobody can order for him meanwhile: what was ordered before is seen, and
 * what comes after gets another key.
 */
@Injectable()
export class EraseReceiver {
  constructor(
    private readonly keys: ReceiverKeys,
    private readonly erasures: ReceiverErasures,
    private readonly records: ReceiverRecords,
    private readonly findReceiver: FindReceiver,
    private readonly oldContents: SealOldContents,
  ) {}

  async execute(tx: Tx, { merchantId, by }: EraseReceiverCommand): Promise<ErasedReceiverDto> {
    if (!(await this.keys.stop(tx, merchantId))) throw notFound();
    if (!(await this.oldContents.ofMerchant(tx, merchantId))) throw notReady();
    const named = await this.findReceiver.execute(tx, merchantId, by);
    const accounts = await this.erasures.withMistakes(tx, named.keys);
    const keys = idsOf(accounts);
    const payouts = await this.erasures.payoutsOf(tx, keys);
    const records = await this.records.find(tx, merchantId, {
      receivers: [...named.receivers, ...accounts.map(({ receiver }) => receiver)],
      payoutIds: idsOf(payouts),
    });
    refuseInUse(payouts, records);
    await this.erasures.erase(tx, keys);
    await this.records.forget(tx, merchantId, records);
    await forgetAnswersAbout(
      tx,
      payouts.flatMap((payout) => [payout.id, payout.intent_id ?? payout.id]),
    );
    const receiver = named.id === null ? null : toTypeId('receiver', named.id);
    note(tx, { receiver, payouts: payouts.length, records });
    const { users, links } = records;
    return {
      object: 'erased_receiver',
      ...{ receiver, payouts: payouts.length, payout_links: links.length, users: users.length },
    };
  }
}

/** Of what was erased nothing but ids is left: by these it can be erased again where a backup has brought it back. */
function note(tx: Tx, { receiver, payouts, records }: { receiver: string | null; payouts: number; records: KnownRecords }): void {
  const changes = [
    { field: 'receiver', before: receiver, after: null },
    { field: 'payouts', before: null, after: payouts === 0 ? null : payouts },
    { field: 'users', before: records.users.length === 0 ? null : idsOf(records.users), after: null },
    { field: 'payout_links', before: records.links.length === 0 ? null : idsOf(records.links), after: null },
  ];
  tx.note({ changes: changes.filter(({ before, after }) => before !== null || after !== null) });
}

function refuseInUse(payouts: readonly PayoutOfReceiver[], { links }: KnownRecords): void {
  const used = [
    ...payouts.filter(({ at_work }) => at_work).map(({ id }) => toTypeId('payout', id)),
    ...links.filter(({ status }) => status === 'open').map(({ id }) => toTypeId('link', id)),
  ];
  if (used.length === 0) return;
  throw receiverProblem(
    'receiver_in_use',
    `Nothing was erased: ${used.length} payouts and links of this receiver are not at rest.`,
    {
      errors: used.slice(0, NAMED_MAX).map((id) => ({
        pointer: '',
        code: 'receiver_in_use',
        detail: `${id} is not at rest: cancel it, or wait for its end.`,
      })),
    },
  );
}

const notReady = (): Error =>
  receiverProblem(
    'receivers_not_ready',
    'Nothing was erased: older payouts of this merchant are being prepared for it. Ask again in some minutes.',
  );
