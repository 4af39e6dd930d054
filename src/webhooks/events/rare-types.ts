import { toSqlList } from '../../platform/lifecycle/index.js';

/** What nearly every payout goes through: a list by one of them finds a page within a few pages of everything. */
const COMMON = [
  'payout.created',
  'payout.validation_in_progress',
  'payout.scheduled',
  'payout.processing_in_progress',
  'payout.processed',
  'payout.intent_succeeded',
];

/** A list by any other type might read all that the merchant has to find a few: it goes by an index of those alone. */
export const isRare = (type: string | null | undefined): boolean => typeof type === 'string' && !COMMON.includes(type);

/** The condition of the index event_of_rare_type; a statement goes by it that says the same. */
export const TYPE_IS_RARE = `type NOT IN ${toSqlList(COMMON)}`;
