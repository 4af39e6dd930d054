import { Injectable } from '@nestjs/common';
import { isMasked, type JsonObject, ReceiverKeys } from '../bulks/index.js';
import type { Tx } from '../platform/database/index.js';
import { kernelProblem } from '../platform/http/index.js';
import { fromTypeId, isUuid } from '../platform/ids/index.js';
import { ReceiverErasures } from './receiver-erasures.repository.js';
import { ReceiverRecords } from './receiver-records.js';

/** One of them is given. */
export interface ReceiverNames {
  readonly payout_method: JsonObject | null;
  readonly payout_id: string | null;
  readonly phone_number: string | null;
  readonly dots_id: string | null;
  readonly receiver: string | null;
}

/** What a name leads to, before anything else is looked at. */
export interface NamedReceiver {
  /** The key of the account that was named, by which the same can be named again; null: there is none, or a phone was. */
  readonly id: string | null;
  /** Keys of all accounts that are his. */
  readonly keys: readonly string[];
  /** Keyed hashes of what was named. */
  readonly receivers: readonly string[];
}

const E164 = /^\+\d{4,15}$/;

/** Finds who is meant by an erasure. */
@Injectable()
export class FindReceiver {
  constructor(
    private readonly keys: ReceiverKeys,
    private readonly erasures: ReceiverErasures,
    private readonly records: ReceiverRecords,
  ) {}

  /** @throws `invalid_field` */
  async execute(tx: Tx, merchantId: string, by: ReceiverNames): Promise<NamedReceiver> {
    const { payout_method, payout_id, phone_number, dots_id, receiver } = by;
    if (Object.values(by).filter((one) => one !== null).length !== 1)
      throw invalid('', `Name one of ${Object.keys(by).join(', ')}.`);
    if (payout_method !== null) {
      const hash = this.hashOf(merchantId, payout_method);
      return account(await this.erasures.byAccount(tx, merchantId, hash), [hash]);
    }
    if (receiver !== null) return account(await this.erasures.byId(tx, merchantId, uuidOf('receiver', receiver)));
    if (payout_id !== null) {
      const found = await this.erasures.byPayout(tx, merchantId, uuidOf('payout', payout_id));
      if (found === undefined) throw invalid('/payout_id', 'This merchant has no such payout.');
      return account(found);
    }
    const receivers =
      phone_number === null
        ? await this.byDotsId(tx, merchantId, dots_id ?? '')
        : [this.keys.receiverOfPhone(merchantId, e164(phone_number))];
    return this.person(tx, merchantId, receivers);
  }

  /** Whoever has this phone, with the accounts that are his. */
  private async person(tx: Tx, merchantId: string, phones: readonly string[]): Promise<NamedReceiver> {
    const { users, links } = await this.records.find(tx, merchantId, { receivers: phones, payoutIds: [] });
    const keys = await this.erasures.keysOf(tx, merchantId, {
      receivers: users.flatMap(({ receivers }) => receivers ?? []),
      payoutIds: links.flatMap(({ payout_id }) => payout_id ?? []),
    });
    return { id: null, keys, receivers: phones };
  }

  private async byDotsId(tx: Tx, merchantId: string, id: string): Promise<readonly string[]> {
    const phones = isUuid(id.toLowerCase()) ? await this.records.phonesOf(tx, merchantId, id.toLowerCase()) : null;
    if (phones === null) throw invalid('/dots_id', 'This merchant has no such user and no such payout link.');
    return phones;
  }

  private hashOf(merchantId: string, method: JsonObject): string {
    const masked = Object.entries(method).some(([field, value]) => typeof value === 'string' && isMasked(field, value));
    const receiver = masked ? null : this.keys.receiverOfAccount(merchantId, method);
    if (receiver === null) throw invalid('/payout_method', 'Give the whole account, as it was sent; or a payout_id.');
    return receiver;
  }
}

const account = (id: string | null, receivers: readonly string[] = []): NamedReceiver => ({
  ...{ id, receivers, keys: id === null ? [] : [id] },
});

function e164(phone: string): string {
  const digits = phone.replaceAll(/[\s().-]/g, '');
  if (!E164.test(digits)) throw invalid('/phone_number', 'Write the number with a plus sign and the code of its country.');
  return digits;
}

function uuidOf(kind: 'payout' | 'receiver', id: string): string {
  const uuid = fromTypeId(kind, id);
  if (uuid === null) throw invalid(kind === 'payout' ? '/payout_id' : '/receiver', `This is no id of a ${kind}.`);
  return uuid;
}

const invalid = (pointer: string, detail: string): Error =>
  kernelProblem('invalid_field', detail, { errors: [{ pointer, code: 'invalid_field', detail }] });
