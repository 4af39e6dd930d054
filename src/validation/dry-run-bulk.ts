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
import { AmountCaps, candidateOf } from './amount-caps.js';
import type { DryRunDto } from './dto/dry-run.dto.js';
import { type Judgement, judgePayout } from './judge-payout.js';
import { type JudgingContext, JudgingContexts } from './judging-contexts.js';
import { conflictOf } from './validate-payouts.js';

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
    const judged = await this.judge(tx, command.merchantId, { items, context });
    const valid = judged.filter((item) => item.valid).length;
    return {
      valid: valid === judged.length,
      counts: { valid, invalid: judged.length - valid },
      totals: toTotals(sumByCurrency(contents)),
      items: judged,
    };
  }

  /** As in validation: only a payout that is valid otherwise competes for its reference, and only one that has it for amounts. */
  private async judge(
    tx: Tx,
    merchant_id: string,
    { items, context: { rules, caps } }: { items: readonly IntakenItem[]; context: JudgingContext },
  ): Promise<DryRunDto['items']> {
    const bulk_id = newUuid();
    const judged = items.map(({ reference, content, issues }, position) => ({
      claimant: { payout_id: newUuid(), merchant_id, bulk_id, position, reference, caps },
      currency: content.currency,
      judgement: judgePayout(content, issues, { ...rules, acceptedAt: rules.judgedAt }),
    }));
    const holders = await this.holds.heldByOthers(
      tx,
      judged.map(({ claimant: { payout_id, reference } }) => ({ payout_id, merchant_id, reference })),
    );
    const over = await this.amountCaps.judge(
      tx,
      judged.flatMap(({ claimant, currency, judgement }) =>
        holders.has(claimant.payout_id) ? [] : candidateOf(claimant, currency, judgement),
      ),
    );
    return judged.map(({ claimant: { payout_id, reference }, judgement }) =>
      toDryRunItem(reference, judgement, conflictOf(holders.get(payout_id), over.get(payout_id))),
    );
  }

  /** In the place where a creation finds out, so that both refuse the same body for the same reason. */
  private async refuseTakenReference(tx: Tx, { merchantId, reference }: CreateBulkCommand): Promise<void> {
    const existing = reference === null ? null : await this.bulks.idByReference(tx, merchantId, reference);
    if (existing !== null) throw bulkReferenceTaken(existing);
  }
}

function toDryRunItem(
  reference: string,
  { issues, scheduledAt, askedFor }: Judgement,
  conflict: Issue | undefined,
): DryRunDto['items'][number] {
  const found = issues.length === 0 && conflict !== undefined ? [conflict] : issues;
  const at = found.length === 0 ? scheduledAt : askedFor;
  return {
    reference,
    valid: found.length === 0,
    scheduled_at: at === null ? null : formatInstant(at),
    issues: found,
  };
}
