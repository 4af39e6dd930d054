import { Inject, Injectable } from '@nestjs/common';
import {
  bulkReferenceTaken,
  BulkRepository,
  type CreateBulkCommand,
  type IntakenItem,
  type Issue,
  ReferenceHoldRepository,
  refuseWrongControlTotals,
  refuseWrongNumberOfItems,
  sumByCurrency,
  takeItems,
  toTotals,
} from '../bulks/index.js';
import { CONFIGURATION, type Configuration } from '../platform/config/index.js';
import type { Tx } from '../platform/database/index.js';
import { newUuid } from '../platform/ids/index.js';
import { formatInstant } from '../platform/time/index.js';
import { AmountCaps, type Candidate } from './amount-caps.js';
import type { DryRunDto } from './dto/dry-run.dto.js';
import { type Judgement, judgePayout } from './judge-payout.js';
import { JudgingContexts } from './judging-contexts.js';
import { duplicateReference } from './validate-payouts.js';

/** Says what validation would find about a bulk, by the same rules, and stores nothing. */
@Injectable()
export class DryRunBulk {
  constructor(
    private readonly bulks: BulkRepository,
    private readonly contexts: JudgingContexts,
    private readonly holds: ReferenceHoldRepository,
    private readonly amountCaps: AmountCaps,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  async execute(tx: Tx, command: CreateBulkCommand): Promise<DryRunDto> {
    refuseWrongNumberOfItems(command.items.length, this.configuration.maxBulkItems);
    const items = takeItems(command.items);
    const contents = items.map(({ content }) => content);
    refuseWrongControlTotals(command.controlTotals, contents);
    await this.refuseTakenReference(tx, command);
    const bulk = { scheduled_date: command.scheduledDate, timezone: command.timezone };
    const context = await this.contexts.loadDryRun(tx, command.merchantId, bulk);
    const holders = await this.holdersOf(tx, command.merchantId, items);
    const { rules, caps } = context;
    const judgements = items.map((item) => judgePayout(item.content, item.issues, { ...rules, acceptedAt: rules.judgedAt }));
    // As in validation: only a payout that is valid otherwise competes for its reference, and only one that has it for amounts.
    const place = { merchant_id: command.merchantId, bulk_id: newUuid(), caps };
    const ids = items.map(() => newUuid());
    const over = await this.amountCaps.judge(
      tx,
      items.flatMap((item, position) =>
        holders.has(item.reference)
          ? []
          : candidateOf(item, judgements[position], { ...place, payout_id: ids[position] ?? '', position }),
      ),
    );
    const judged = items.map((item, position) =>
      toDryRunItem(item, judgements[position], conflictOf(holders.get(item.reference), over.get(ids[position] ?? ''))),
    );
    const valid = judged.filter((item) => item.valid).length;
    return {
      valid: valid === judged.length,
      counts: { valid, invalid: judged.length - valid },
      totals: toTotals(sumByCurrency(contents)),
      items: judged,
    };
  }

  /** In the place where a creation finds out, so that both refuse the same body for the same reason. */
  private async refuseTakenReference(tx: Tx, { merchantId, reference }: CreateBulkCommand): Promise<void> {
    const existing = reference === null ? null : await this.bulks.idByReference(tx, merchantId, reference);
    if (existing !== null) throw bulkReferenceTaken(existing);
  }

  /** By reference: the payout that holds it. */
  private async holdersOf(tx: Tx, merchantId: string, items: readonly IntakenItem[]): Promise<Map<string, string>> {
    const claims = items.map(({ reference }) => ({ merchant_id: merchantId, reference, payout_id: newUuid() }));
    const byClaim = await this.holds.heldByOthers(tx, claims);
    return new Map(
      claims.flatMap(({ reference, payout_id }) => {
        const holder = byClaim.get(payout_id);
        return holder === undefined ? [] : [[reference, holder] as const];
      }),
    );
  }
}

type Place = Pick<Candidate, 'payout_id' | 'merchant_id' | 'bulk_id' | 'position' | 'caps'>;

function candidateOf({ reference, content }: IntakenItem, judgement: Judgement | undefined, place: Place): Candidate[] {
  const { issues = [], amountMinor = null, scheduledAt = null } = judgement ?? {};
  if (issues.length > 0 || amountMinor === null || scheduledAt === null || content.currency === null) return [];
  return [{ ...place, reference, currency: content.currency, amountMinor, scheduledAt }];
}

const conflictOf = (holder: string | undefined, over: Issue | undefined): Issue | undefined =>
  holder === undefined ? over : duplicateReference(holder);

function toDryRunItem(
  { reference }: IntakenItem,
  judgement: Judgement | undefined,
  conflict: Issue | undefined,
): DryRunDto['items'][number] {
  const { issues = [], scheduledAt = null } = judgement ?? {};
  const found = issues.length === 0 && conflict !== undefined ? [conflict] : issues;
  return {
    reference,
    valid: found.length === 0,
    scheduled_at: scheduledAt === null ? null : formatInstant(scheduledAt),
    issues: found,
  };
}
