import { Injectable } from '@nestjs/common';
import { isMasked, type JsonObject, ReceiverKeys } from '../bulks/index.js';
import type { Tx } from '../platform/database/index.js';
import { forgetAnswersAbout, kernelProblem, notFound } from '../platform/http/index.js';
import { fromTypeId, toTypeId } from '../platform/ids/index.js';
import type { ErasedReceiverDto } from './dto/erase-receiver.dto.js';
import { type PayoutOfReceiver, ReceiverErasures } from './receiver-erasures.repository.js';
import { receiverProblem } from './receiver.problems.js';
import { SealOldContents } from './seal-old-contents.js';

/** Named in one refusal; the rest would help nobody. */
const NAMED_MAX = 100;

/** By one of them. */
export interface EraseReceiverCommand {
  readonly merchantId: string;
  readonly payoutMethod: JsonObject | null;
  readonly payoutId: string | null;
  readonly receiver: string | null;
}

/**
 * Forgets who was paid, and keeps what was paid. Account and billing data of every payout to him lie under one key, which goes;
 * with it go the accounts that were named by mistake and mended, and answers that are kept under idempotency keys.
 * Safe to crash here because it is one transaction. Nobody can order for him meanwhile: what was ordered before is seen, and
 * what comes after gets another key.
 */
@Injectable()
export class EraseReceiver {
  constructor(
    private readonly keys: ReceiverKeys,
    private readonly erasures: ReceiverErasures,
    private readonly oldContents: SealOldContents,
  ) {}

  async execute(tx: Tx, command: EraseReceiverCommand): Promise<ErasedReceiverDto> {
    if (!(await this.keys.stop(tx, command.merchantId))) throw notFound();
    if (!(await this.oldContents.ofMerchant(tx, command.merchantId))) throw notReady();
    const id = await this.find(tx, command);
    if (id === null) return { object: 'erased_receiver', receiver: null, payouts: 0 };
    const receivers = await this.erasures.withMistakes(tx, id);
    const payouts = await this.erasures.payoutsOf(tx, receivers);
    refuseInUse(payouts);
    await this.erasures.erase(tx, receivers);
    await forgetAnswersAbout(
      tx,
      payouts.flatMap((payout) => [payout.id, payout.intent_id ?? payout.id]),
    );
    const receiver = toTypeId('receiver', id);
    tx.note({
      changes: [
        { field: 'receiver', before: receiver, after: null },
        { field: 'payouts', before: null, after: payouts.length },
      ],
    });
    return { object: 'erased_receiver', receiver, payouts: payouts.length };
  }

  private async find(tx: Tx, command: EraseReceiverCommand): Promise<string | null> {
    const { merchantId, payoutMethod, payoutId, receiver } = command;
    const given = [payoutMethod, payoutId, receiver].filter((one) => one !== null);
    if (given.length !== 1) throw invalid('', 'Name one of payout_method, payout_id and receiver.');
    if (payoutMethod !== null) return this.erasures.byAccount(tx, merchantId, this.hashOf(merchantId, payoutMethod));
    if (receiver !== null) return this.erasures.byId(tx, merchantId, uuidOf('receiver', receiver));
    const found = await this.erasures.byPayout(tx, merchantId, uuidOf('payout', payoutId ?? ''));
    if (found === undefined) throw invalid('/payout_id', 'This merchant has no such payout.');
    return found;
  }

  private hashOf(merchantId: string, method: JsonObject): string {
    const masked = Object.entries(method).some(([field, value]) => typeof value === 'string' && isMasked(field, value));
    const receiver = masked ? null : this.keys.receiverOfAccount(merchantId, method);
    if (receiver === null) throw invalid('/payout_method', 'Give the whole account, as it was sent; or a payout_id.');
    return receiver;
  }
}

function refuseInUse(payouts: readonly PayoutOfReceiver[]): void {
  const used = payouts.filter(({ at_work }) => at_work);
  if (used.length === 0) return;
  throw receiverProblem('receiver_in_use', `Nothing was erased: ${used.length} payouts of this receiver are not at rest.`, {
    errors: used.slice(0, NAMED_MAX).map(({ id }) => ({
      pointer: '',
      code: 'receiver_in_use',
      detail: `${toTypeId('payout', id)} is not at rest: cancel it, or wait for its end.`,
    })),
  });
}

function uuidOf(kind: 'payout' | 'receiver', id: string): string {
  const uuid = fromTypeId(kind, id);
  if (uuid === null) throw invalid(kind === 'payout' ? '/payout_id' : '/receiver', `This is no id of a ${kind}.`);
  return uuid;
}

const notReady = (): Error =>
  receiverProblem(
    'receivers_not_ready',
    'Nothing was erased: older payouts of this merchant are being prepared for it. Ask again in some minutes.',
  );

const invalid = (pointer: string, detail: string): Error =>
  kernelProblem('invalid_field', detail, { errors: [{ pointer, code: 'invalid_field', detail }] });
