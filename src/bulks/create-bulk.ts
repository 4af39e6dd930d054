import { Inject, Injectable } from '@nestjs/common';
import { differences } from '../platform/audit/index.js';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import type { Tx } from '../platform/database/index.js';
import { newUuid, toTypeId } from '../platform/ids/index.js';
import { EndpointRepository, recordEvents } from '../webhooks/index.js';
import { BulkCaps } from './bulk-caps.js';
import { BulkProgress } from './bulk-progress.js';
import { bulkProblem } from './bulk.problems.js';
import { BulkRepository } from './bulk.repository.js';
import { type ControlTotals, refuseWrongControlTotals } from './control-totals.js';
import { PayoutContentRepository } from './payout-content.repository.js';
import { payoutEvent } from './payout-event.js';
import { type IntakenItem, takeItems } from './take-items.js';

export interface CreateBulkCommand {
  readonly merchantId: string;
  readonly reference: string | null;
  readonly label: string | null;
  readonly webhookUrl: string | null;
  readonly invalidItems: 'hold' | 'reject' | 'drop';
  readonly controlTotals: ControlTotals | null;
  readonly scheduledDate: string | null;
  readonly timezone: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly items: readonly unknown[];
  /** The uuids of the payouts, one for each item, where a door has named them already. */
  readonly payoutIds?: readonly string[];
}

/** A bulk of which nothing is said but its payouts: they run as soon as they are valid. */
export const PLAIN_BULK = {
  reference: null,
  label: null,
  webhookUrl: null,
  controlTotals: null,
  scheduledDate: null,
  timezone: null,
  metadata: {},
} as const satisfies Partial<CreateBulkCommand>;

/**
 * Accepts a bulk: durable before the answer, judged afterwards. One statement per table, whatever the number of payouts.
 * Safe to crash here because it is one transaction: the merchant gets an answer only after the commit, and the same
 * request under the same idempotency key finds either all of it or nothing.
 */
@Injectable()
export class CreateBulk {
  constructor(
    private readonly bulks: BulkRepository,
    private readonly contents: PayoutContentRepository,
    private readonly progress: BulkProgress,
    private readonly endpoints: EndpointRepository,
    private readonly caps: BulkCaps,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** @returns the id of the new bulk. */
  async execute(tx: Tx, command: CreateBulkCommand): Promise<string> {
    refuseWrongNumberOfItems(command.items.length, this.configuration.maxBulkItems);
    const items = takeItems(command.items);
    refuseWrongControlTotals(
      command.controlTotals,
      items.map(({ content }) => content),
    );

    const { merchantId } = command;
    await this.caps.refuseOver(tx, merchantId, items.length);
    const endpointId = command.webhookUrl === null ? null : await this.endpoints.laneForUrl(tx, merchantId, command.webhookUrl);
    const bulkId = await this.bulks.insert(tx, { ...command, itemCount: items.length, endpointId });
    if (bulkId === null) throw await this.referenceTaken(tx, command);

    const payouts = items.map((item, position) => ({
      id: command.payoutIds?.[position] ?? newUuid(),
      position,
      reference: item.reference,
    }));
    await this.contents.insertPayouts(tx, { id: bulkId, merchantId, held: command.invalidItems === 'reject' }, payouts);
    await this.contents.insertRevisions(
      tx,
      merchantId,
      items.map((item, position) => ({
        payoutId: payouts[position]?.id ?? '',
        revision: 1,
        content: item.content,
        intakeIssues: item.issues,
        changed: null,
      })),
    );
    await this.tell(
      tx,
      bulkId,
      payouts.map(({ id }, position) => ({ id, item: items[position] })),
    );
    const told = ['reference', 'label', 'webhookUrl', 'invalidItems', 'scheduledDate', 'timezone'] as const;
    tx.note({ changes: [...differences(told, command), { field: 'item_count', before: null, after: items.length }] });
    tx.wake('validate');
    return bulkId;
  }

  /** `payout.created` of each, and `bulk.created`, in the same transaction. */
  private async tell(tx: Tx, bulkId: string, payouts: readonly { id: string; item: IntakenItem | undefined }[]): Promise<void> {
    await this.progress.refreshSummary(tx, [bulkId]);
    const created = await this.progress.tell(tx, [{ id: bulkId, types: ['bulk.created'] }]);
    const [bulk] = created;
    if (bulk === undefined) throw new Error('the bulk that was just inserted is gone');
    const drafts = payouts.map(({ id, item }) =>
      payoutEvent(
        {
          id,
          merchant_id: bulk.merchantId,
          bulk_id: bulkId,
          reference: item?.reference ?? '',
          amount: item?.amount ?? null,
          currency: item?.content.currency ?? null,
          bulk_reference: (bulk.data.bulk_reference as string | null) ?? null,
          bulk_endpoint_id: bulk.bulkEndpointId,
        },
        {
          type: 'payout.created',
          previous_status: null,
          status: 'VALIDATION_PENDING',
          final: false,
          scheduled_at: null,
          issues: [],
          intent: null,
        },
        { sequence: 1, feed: bulk.feed, at: bulk.at },
      ),
    );
    await recordEvents(tx, [...created, ...drafts]);
  }

  private async referenceTaken(tx: Tx, { merchantId, reference }: CreateBulkCommand): Promise<Error> {
    return bulkReferenceTaken(await this.bulks.idByReference(tx, merchantId, reference ?? ''));
  }
}

/** Also answered by the dry run. @param existing the bulk that has the reference. */
export const bulkReferenceTaken = (existing: string | null): Error =>
  bulkProblem('bulk_reference_taken', 'A bulk with this reference exists; read it, or send this one under another reference.', {
    members: { existing_id: existing === null ? null : toTypeId('bulk', existing) },
    errors: [
      { pointer: '/reference', code: 'bulk_reference_taken', detail: 'Choose a reference that no bulk of yours ever had.' },
    ],
  });

/** Also asked by the dry run. */
export function refuseWrongNumberOfItems(count: number, max: number): void {
  const refuse = (code: 'too_few_items' | 'too_many_items', detail: string): never => {
    throw bulkProblem(code, detail, { errors: [{ pointer: '/items', code, detail }] });
  };
  if (count === 0) refuse('too_few_items', 'Send at least one item.');
  if (count > max) refuse('too_many_items', `Send at most ${max} items in one bulk; this one has ${count}. Split it.`);
}
