import type { JsonMembers } from '../../platform/json/index.js';
import type { Sent } from '../origin.repository.js';
import { readPhone } from './create-user.js';
import { FEE_PARTIES, withoutNothing } from './read-batch.js';
import { isNothing, type Metadata, RequestReader } from './request-reader.js';
import type { Phone } from './user.repository.js';

/** Whom the money is for: a user by the id, or whoever has the phone. */
export type Payee = { readonly userId: string } | { readonly phone: Phone };

export interface ReadSendPayout {
  readonly cents: bigint;
  readonly payee: Payee;
  readonly key: string | null;
  readonly memo: string | null;
  readonly metadata: Metadata;
  readonly taxExempt: boolean;
  /** Kept beside, to be compared. */
  readonly others: Sent;
}

const MEMO_LENGTH_MAX = 1_000;
const STEPS = [
  'compliance',
  'id-verification',
  'background-check',
  'manage-payments',
  'manage-payouts',
  'payout',
  'redirect',
] as const;

/** JsonMembers that Dots does not know are left out, as there. @throws invalid-input with every fault */
export function readSendPayout(value: unknown): ReadSendPayout {
  const reader = new RequestReader();
  const body = reader.object(value, 'body');
  const party = body['payout_fee_party'];
  const read = {
    cents: reader.cents(body['amount'], 'amount'),
    payee: readPayee(reader, body),
    key: reader.optionalUuid(body['idempotency_key'], 'idempotency_key'),
    memo: reader.optionalText(body['memo'], 'memo', MEMO_LENGTH_MAX),
    metadata: reader.metadata(body['metadata'], 'metadata'),
    taxExempt: reader.optionalBoolean(body['tax_exempt'], 'tax_exempt') ?? false,
    others: withoutNothing({
      message: readMessage(reader, body['delivery']),
      force_collect_compliance_information: reader.optionalBoolean(
        body['force_collect_compliance_information'],
        'force_collect_compliance_information',
      ),
      additional_steps: readSteps(reader, body['additional_steps']),
      payout_fee_party: isNothing(party) ? null : reader.oneOf(party, 'payout_fee_party', FEE_PARTIES),
      accounting_data: reader.metadata(body['accounting_data'], 'accounting_data'),
    }),
  };
  reader.refuse();
  return read;
}

function readPayee(reader: RequestReader, body: JsonMembers): Payee {
  const userId = reader.optionalUuid(body['user_id'], 'user_id');
  const payee = body['payee'];
  if (isNothing(body['user_id']) === isNothing(payee)) reader.fault('user_id', 'send either this or payee.');
  if (isNothing(payee)) return { userId: userId ?? '' };
  return { phone: readPhone(reader, reader.object(payee, 'payee'), 'payee.') };
}

function readMessage(reader: RequestReader, delivery: unknown): string | null {
  if (isNothing(delivery)) return null;
  return reader.optionalText(reader.object(delivery, 'delivery')['message'], 'delivery.message', MEMO_LENGTH_MAX);
}

function readSteps(reader: RequestReader, steps: unknown): readonly string[] | null {
  if (isNothing(steps)) return null;
  if (!Array.isArray(steps)) return reader.fault('additional_steps', 'send a list.');
  return steps.map((step, place) => reader.oneOf(step, `additional_steps[${place}]`, STEPS) ?? '');
}
