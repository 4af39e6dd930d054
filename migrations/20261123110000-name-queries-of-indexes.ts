import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Every index says which query it is for, where it can be read on the server too (`\di+`). A comment locks nobody out of a table.
 * A query that moves, or an index that is new, gets its comment by the migration of that version.
 */
export class NameQueriesOfIndexes20261123110000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const [index, query] of Object.entries(QUERIES)) await runner.query(`COMMENT ON INDEX ${index} IS '${query}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const index of Object.keys(QUERIES)) await runner.query(`COMMENT ON INDEX ${index} IS NULL`);
  }
}

/** By index: the file below `src/` and the name in it, one or more, and what is asked there. */
const QUERIES = {
  api_key_merchant: 'merchants/merchant.queries.ts keysOfMerchant: the keys of one merchant, newest first.',
  api_key_of_operators: 'merchants/merchant.queries.ts keysOfOperators: the keys of operators, newest first.',
  api_key_secret_hash_key: 'merchants/api-key.repository.ts findValid: whose key a request has shown.',
  attempt_idempotency_key_key:
    'reconciliation/provider-books.repository.ts named: the attempt whose key a payment in the books has.',
  attempt_one_live:
    'payouts/payout-intent.repository.ts write: nothing is looked up by it; it refuses a payout a second live attempt.',
  audit_entry_id_key: 'merchants/audit.queries.ts entries: the entry behind which a page starts.',
  audit_entry_newest: 'merchants/audit.queries.ts entries: the entries of one merchant, newest first.',
  audit_entry_number: 'platform/audit/audit.repository.ts linksBehind: the links of one chain, in their order.',
  audit_entry_unsealed: 'platform/audit/audit.repository.ts unsealedChains, unsealed: what waits to be sealed.',
  bulk_merchant_newest: 'bulks/bulk.queries.ts newestFirst: the bulks of one merchant, newest first.',
  bulk_origin_by_key: 'doors/origin.repository.ts bulkByKey: the latest bulk that a merchant has sent under this key.',
  bulk_progress_by_status: 'bulks/bulk-caps.ts use: the bulks of one merchant that are open.',
  bulk_reference_unique: 'bulks/bulk.repository.ts idByReference: the bulk of one merchant that has this reference.',
  dots_user_by_id: 'doors/dots/user.repository.ts newestFirst: the users of one merchant, newest first.',
  dots_user_phone_unique: 'doors/dots/user.repository.ts findByPhone: the user of one merchant who has this phone.',
  dots_user_unnamed: 'doors/dots/user.repository.ts nameOld: users whose receivers a version before has not named.',
  event_by_bulk:
    'webhooks/events/event-feed.queries.ts PAGE_OF_BULK, webhooks/resends/resend.repository.ts MATCH_OF_BULK: the events of one bulk, in the order of the feed.',
  event_feed:
    'webhooks/events/event-feed.queries.ts PAGE_OF_MERCHANT, follow: the events of one merchant behind a place, in the order of the feed.',
  event_id_key:
    'webhooks/deliveries/delivery.repository.ts claim, webhooks/events/event-feed.queries.ts PLACE_OF: the event of a delivery, or of a cursor.',
  event_of_rare_type:
    'webhooks/events/event-feed.queries.ts PAGE_OF_RARE_TYPE, webhooks/deliveries/delivery.queries.ts OF_RARE_TYPE: the few events of a type that few payouts have.',
  event_sequence_unique:
    'webhooks/events/event-feed.queries.ts HISTORY_OF_PAYOUT, webhooks/deliveries/delivery.queries.ts OF_PAYOUT: the events of one payout.',
  idempotency_key_age:
    'platform/http/idempotency-keys.ts forgetIdempotencyKeys, forgetIdempotencySecrets: what is old enough to be forgotten.',
  payout_due: 'bulks/payout.repository.ts lockDue: what is due at one connector, merchant by merchant, oldest first.',
  payout_intent_id_key: 'payouts/payout-intent.repository.ts payoutOfIntent: the payout whose intent this is.',
  payout_intent_next_check:
    'payouts/payout-intent.repository.ts dueChecks, payouts/executor.ts lookAhead: the looks that are due at one connector, and the next one.',
  payout_intent_payment:
    'payouts/payout-intent.repository.ts holdersOf, reconciliation/provider-books.repository.ts named: the intent that is paid by this payment; there is one.',
  payout_intent_unclaimed:
    'reconciliation/provider-books.repository.ts unclaimedFor: the intents whose money waits for its receiver.',
  payout_intent_unclear:
    'payouts/unclear-intents.queries.ts newestFirst, scheduler/engine-figures.ts refresh: the intents whose outcome nobody knows.',
  payout_link_open: 'payout-links/payout-link.repository.ts expire: the open links whose time is over.',
  payout_link_sender_key_unique:
    'payout-links/payout-link.repository.ts findByKey: the link that a merchant has made under this key.',
  payout_link_token_unique: 'payout-links/payout-link.repository.ts findClaimable: the link that somebody has opened.',
  payout_link_unnamed: 'payout-links/payout-link.repository.ts unnamed: links whose receivers a version before has not named.',
  payout_merchant_newest: 'payouts/payout.queries.ts ofMerchant: the payouts of one merchant, newest first.',
  payout_next_due:
    'payouts/executor.ts lookAhead, scheduler/engine-figures.ts refresh: the next instant to wake at, and how late the oldest is.',
  payout_position_unique:
    'payouts/payout.queries.ts ofBulk, stretchOfBulk: the payouts of one bulk, in the order in which they were sent.',
  payout_reference_unique: 'payouts/payout.queries.ts ofMerchant: the payouts of one merchant that have this reference.',
  payout_revision_by_receiver: 'receivers/receiver-erasures.repository.ts payoutsOf, next: what says anything of one receiver.',
  payout_revision_of_everybody: 'bulks/old-content.repository.ts next, seal: contents of the time before receivers had keys.',
  payout_to_judge: 'bulks/payout.repository.ts lockForValidation: what is to be judged, merchant by merchant, oldest first.',
  provider_notification_age:
    'payouts/provider-notification.repository.ts forgetProviderNotifications: what nobody has asked for in time.',
  provider_notification_key:
    'payouts/provider-notification.repository.ts knownKeys, take: what was told of our own keys before we knew the payment.',
  receiver_key_receiver: 'bulks/receiver-key.repository.ts read: the key of one receiver of a merchant.',
  reference_hold_of_bulk: 'validation/amount-caps.ts use: what a bulk has taken of its cap, from the index alone.',
  reference_hold_of_day: 'validation/amount-caps.ts use: what a day of one merchant has taken of its cap, from the index alone.',
  sandbox_payment_connector_id_idempotency_key_key:
    'connectors/sandbox/sandbox.payments.ts stored: the payment that the sandbox has made under this key.',
  stray_payment_id_key: 'reconciliation/stray-payments.queries.ts newestFirst: stray payments, newest first.',
  stray_payment_open: 'connectors/stray-payment.repository.ts open: what nobody has looked at yet, of one connector.',
  webhook_attempt_delivery: 'webhooks/deliveries/delivery.queries.ts attempts: the attempts of one delivery, in their order.',
  webhook_delivery_due:
    'webhooks/deliveries/delivery.repository.ts claim, webhooks/deliveries/lane.repository.ts lookOver: what one lane may send next, and which lanes have anything to send.',
  webhook_delivery_in_flight: 'webhooks/deliveries/lane.repository.ts callsOut: how many calls of each lane are out.',
  webhook_delivery_latest: 'webhooks/endpoints/endpoint.queries.ts health: how long the latest deliveries of an endpoint took.',
  webhook_delivery_merchant_newest:
    'webhooks/deliveries/delivery.queries.ts OF_MERCHANT: the deliveries of one merchant, newest first.',
  webhook_delivery_once:
    'webhooks/events/old-events.repository.ts look, webhooks/deliveries/delivery.queries.ts OF_BULK: the deliveries of one event.',
  webhook_delivery_open:
    'webhooks/deliveries/delivery.repository.ts claim: whether an earlier sequence of the same subject is still open.',
  webhook_delivery_put_off:
    'webhooks/deliveries/backlog.repository.ts hasten, webhooks/endpoints/endpoint.queries.ts health: what waits for a retry, or behind one.',
  webhook_delivery_resent:
    'webhooks/resends/resend.queries.ts counts, webhooks/deliveries/delivery.queries.ts OF_MERCHANT: the deliveries that a resend has sent again.',
  webhook_delivery_resent_open:
    'webhooks/resends/resend.repository.ts release: how many of the open deliveries of a lane were sent again.',
  webhook_delivery_undelivered:
    'webhooks/deliveries/delivery.queries.ts OF_UNDELIVERED, OF_SKIPPED: the deliveries of one merchant that did not arrive.',
  webhook_endpoint_backlog:
    'webhooks/deliveries/backlog.repository.ts DROP, hasten: the lanes that have a backlog to be dropped or hastened.',
  webhook_endpoint_queue:
    'webhooks/deliveries/lane.repository.ts inTurn: the lanes that are ready, merchant by merchant, in their turn.',
  webhook_endpoint_ready:
    'webhooks/deliveries/lane.repository.ts queueReady, nextReady: the lanes whose instant has come, and the next one.',
  webhook_endpoint_url: 'webhooks/endpoints/endpoint.repository.ts laneForUrl, idOfUrl: the lane of a URL of one merchant.',
  webhook_resend_newest: 'webhooks/resends/resend.queries.ts newestFirst: the resends of one merchant, newest first.',
  webhook_resend_running: 'webhooks/resends/resend.repository.ts claim, nextLook: the resend that is due, and the next one.',
};
