import { Injectable } from '@nestjs/common';
import { differences } from '../platform/audit/index.js';
import type { Change, Tx } from '../platform/database/index.js';
import { mergeMetadata, type MetadataPatch, type ProblemFinding } from '../platform/http/index.js';
import { allows } from '../platform/lifecycle/index.js';
import { BacklogRepository, EndpointRepository } from '../webhooks/index.js';
import { AdvancePayouts, type PayoutStep } from './advance-payouts.js';
import { bulkProblem } from './bulk.problems.js';
import type { BulkRow } from './bulk.repository.js';
import { refuseUnknownReferences } from './cancel-payouts.js';
import { type ControlTotals, refuseWrongControlTotals } from './control-totals.js';
import { type LockedBulk, LockedBulks, refuseStaleVersion } from './locked-bulks.js';
import { mergeItem } from './merge-item.js';
import type { FieldChange, PayoutContent } from './payout-content.js';
import { type NewRevision, PayoutContentRepository, readableAmount, type StoredContent } from './payout-content.repository.js';
import { payoutLifecycle } from './payout.lifecycle.js';
import type { PayoutRow } from './payout.repository.js';

/** What an edit may say of the bulk itself; a member that is absent stays, null removes. */
export interface BulkHeadPatch {
  readonly label?: string | null;
  readonly webhook_url?: string | null;
  /** Merged key by key. */
  readonly metadata?: MetadataPatch | null;
  readonly scheduled_date?: string | null;
  readonly timezone?: string | null;
}

/** Entry of an edit: the named payout and the members of the item that change (RFC 7396). */
export interface ItemPatch {
  readonly reference: string;
  readonly patch: Readonly<Record<string, unknown>>;
  /** Where it stands in the request, for findings. */
  readonly pointer: string;
}

export interface EditBulkCommand {
  readonly merchantId: string;
  readonly bulkId: string;
  readonly ifMatch: number | null;
  /** Version of the one payout that is edited, where the request was about it alone. */
  readonly payoutIfMatch?: number | null;
  /** What can not change; the full shape of a creation is taken, so equal values are no fault. Undefined: not sent. */
  readonly immutable?: { readonly reference: string | null | undefined; readonly invalid_items: string | undefined };
  readonly head: BulkHeadPatch;
  readonly controlTotals: ControlTotals | null;
  readonly items: readonly ItemPatch[];
}

interface HeadChange extends FieldChange {
  readonly field: 'scheduled_date' | 'timezone';
}

/** One payout's new content. */
interface Edited {
  readonly payout: PayoutRow;
  readonly content: PayoutContent;
  readonly intakeIssues: NewRevision['intakeIssues'];
  readonly changed: readonly FieldChange[];
}

/**
 * Changes a bulk and some of its payouts, all or nothing. Edited payouts are judged again; a new date or zone of the bulk
 * moves every payout that inherits it and can still be moved.
 * Safe to crash here because it is one transaction; a payout that was claimed first is refused by name.
 */
@Injectable()
export class EditBulk {
  constructor(
    private readonly locked: LockedBulks,
    private readonly contents: PayoutContentRepository,
    private readonly advance: AdvancePayouts,
    private readonly endpoints: EndpointRepository,
    private readonly backlog: BacklogRepository,
  ) {}

  async execute(tx: Tx, command: EditBulkCommand): Promise<void> {
    const bulk = await this.locked.open(tx, { ...command, references: touchesWholeBulk(command) ? null : namesOf(command) });
    refuseImmutable(bulk.row, command.immutable);
    const named = namedPayouts(bulk, command);

    const head = {
      ...bulk.row,
      ...command.head,
      metadata: command.head.metadata === null ? {} : mergeMetadata(bulk.row.metadata, command.head.metadata ?? {}),
    };
    const fields = (['scheduled_date', 'timezone'] as const).filter((field) => head[field] !== bulk.row[field]);
    const all = fields.length > 0 || command.controlTotals !== null;
    const stored = await this.contents.current(
      tx,
      (all ? bulk.payouts : named.map(({ payout }) => payout)).map(({ id }) => id),
    );
    const edited = named.map(({ payout, patch }) => edit(payout, contentOf(stored, payout), patch));
    if (command.controlTotals !== null) refuseWrongControlTotals(command.controlTotals, bulkAsItWouldBe(bulk, stored, edited));
    const namedIds = new Set(named.map(({ payout }) => payout.id));
    const others = bulk.payouts.filter(({ id }) => !namedIds.has(id));
    const moved = others.flatMap((payout) =>
      movedByHead(
        payout,
        stored,
        fields.map((field) => ({ field, from: bulk.row[field], to: head[field] })),
      ),
    );

    await this.write(tx, bulk, [...edited, ...moved]);
    const row = await this.withLane(tx, bulk.row, head);
    await this.locked.close(tx, { row, payouts: bulk.payouts }, 'bulk.edited');
    tx.note({ changes: [...differences(HEAD_FIELDS, row, bulk.row), ...namesOfEdited([...edited, ...moved])] });
    tx.wake('validate');
  }

  private async write(tx: Tx, bulk: LockedBulk, edits: readonly Edited[]): Promise<void> {
    const revisions = edits.map(({ payout, content, intakeIssues, changed }) => ({
      payoutId: payout.id,
      revision: payout.revision + 1,
      content,
      intakeIssues,
      changed,
    }));
    await this.contents.insertRevisions(tx, bulk.row.merchant_id, revisions);
    await this.advance.execute(tx, edits.map(stepOf));
  }

  private async withLane(tx: Tx, before: BulkRow, head: BulkRow): Promise<BulkRow> {
    if (head.webhook_url === before.webhook_url) return head;
    const lane = head.webhook_url === null ? null : await this.endpoints.laneForUrl(tx, head.merchant_id, head.webhook_url);
    const old = before.webhook_endpoint_id;
    if (old !== null && lane !== null) await this.backlog.moveBulk(tx, { bulkId: before.id, from: old, to: lane });
    return { ...head, webhook_endpoint_id: lane };
  }
}

const HEAD_FIELDS = ['label', 'webhook_url', 'metadata', 'scheduled_date', 'timezone'] as const;

/** What was edited of which payout, without the values, which may be personal data: they stand in its revisions. */
const namesOfEdited = (edits: readonly Edited[]): Change[] =>
  edits.map(({ payout, changed }) => ({
    field: `payouts/${payout.reference}`,
    before: null,
    after: changed.map(({ field }) => field),
  }));

/**
 * A new date or zone moves payouts that are not named, and control totals are about all of them. A new URL gets every event from
 * now on: whoever is writing one of a payout has read the old URL under the payout's lock, and is waited for.
 */
const touchesWholeBulk = ({ head, controlTotals }: EditBulkCommand): boolean =>
  head.scheduled_date !== undefined || head.timezone !== undefined || head.webhook_url !== undefined || controlTotals !== null;

const namesOf = ({ items }: EditBulkCommand): string[] => items.map(({ reference }) => reference);

function refuseImmutable(bulk: BulkRow, sent: EditBulkCommand['immutable']): void {
  const errors = (['reference', 'invalid_items'] as const)
    .filter((field) => sent?.[field] !== undefined && sent[field] !== bulk[field])
    .map((field) => ({ pointer: `/${field}`, code: 'immutable_field', detail: `${field} can not be changed; leave it out.` }));
  if (errors.length > 0) throw bulkProblem('immutable_field', 'Nothing was changed: some fields can not be changed.', { errors });
}

/**
 * The payouts that the request names, each with its patch; every unknown or uneditable one is listed in the refusal. Their
 * version is compared first: who edits what has changed meanwhile learns that, not what it has changed to.
 */
function namedPayouts(
  bulk: LockedBulk,
  { items, payoutIfMatch = null }: EditBulkCommand,
): { payout: PayoutRow; patch: ItemPatch['patch'] }[] {
  const byReference = new Map(bulk.payouts.map((payout) => [payout.reference, payout]));
  refuseUnknownReferences(
    byReference,
    items.map(({ reference, pointer }) => ({ reference, pointer: `${pointer}/reference` })),
  );
  const findings: ProblemFinding[] = [];
  const named = items.flatMap(({ reference, patch, pointer }) => {
    const payout = byReference.get(reference);
    if (payout === undefined) return [];
    refuseStaleVersion(payoutIfMatch, payout.version);
    if (!allows(payoutLifecycle, 'edit', payout.status)) {
      const detail = `This payout is ${payout.status}; only SCHEDULED and VALIDATION_FAILED ones can be edited.`;
      findings.push({ pointer, code: 'payout_not_editable', detail });
    }
    return [{ payout, patch }];
  });
  if (findings.length > 0)
    throw bulkProblem('payout_not_editable', 'Nothing was changed: some payouts can not be edited.', { errors: findings });
  return named;
}

function contentOf(stored: ReadonlyMap<string, StoredContent>, payout: PayoutRow): StoredContent {
  const content = stored.get(payout.id);
  if (content === undefined) throw new Error(`payout ${payout.id} has no content in revision ${payout.revision}`);
  return content;
}

function edit(payout: PayoutRow, before: StoredContent, patch: ItemPatch['patch']): Edited {
  const { content, issues, changed } = mergeItem({ content: before.content, issues: before.intakeIssues }, patch);
  return { payout, content, intakeIssues: issues, changed };
}

/** The payout with the bulk's new date or zone, where it inherits one that changes and is neither at rest nor with the provider. */
function movedByHead(payout: PayoutRow, stored: ReadonlyMap<string, StoredContent>, changes: readonly HeadChange[]): Edited[] {
  if (changes.length === 0 || !allows(payoutLifecycle, 'cancel', payout.status)) return [];
  const { content, intakeIssues } = contentOf(stored, payout);
  const changed = changes.filter(({ field }) => content[field] === null);
  return changed.length === 0 ? [] : [{ payout, content, intakeIssues, changed }];
}

/** Every payout that is not cancelled, with the content it would have after the edit. */
function bulkAsItWouldBe(
  bulk: LockedBulk,
  stored: ReadonlyMap<string, StoredContent>,
  edited: readonly Edited[],
): PayoutContent[] {
  const after = new Map(edited.map(({ payout, content }) => [payout.id, content]));
  return bulk.payouts
    .filter(({ status }) => status !== 'CANCELLED')
    .map((payout) => after.get(payout.id) ?? contentOf(stored, payout).content);
}

/**
 * A payout that waits for its judgement, or is being judged, has no step to take: it gets the new revision, and a judge
 * at work loses it, because the fence has risen and the lease has ended.
 */
function stepOf({ payout, content, changed }: Edited): PayoutStep {
  const changes = {
    version: payout.version + 1,
    revision: payout.revision + 1,
    amount: readableAmount(content)?.canonical ?? content.amount,
    currency: content.currency,
    scheduled_at: null,
    issues: null,
  };
  if (payout.status === 'VALIDATION_PENDING') return { payout, transitions: [], changes };
  if (payout.status === 'VALIDATION_IN_PROGRESS') return { payout, transitions: [], changes, lease_s: 0 };
  return { payout, transitions: ['edit'], changes, more: { changes: changed.map(withoutPersonalData) } };
}

/** Fields whose values an event shows; of all others, which may hold personal data, it names only that they changed. */
const TOLD_FIELDS = new Set(['amount', 'currency', 'scheduled_date', 'timezone']);

const withoutPersonalData = (change: FieldChange): object => (TOLD_FIELDS.has(change.field) ? change : { field: change.field });
