import { Injectable, Logger } from '@nestjs/common';
import {
  type Connector,
  ConnectorRegistry,
  ConnectorRepository,
  ConnectorUnavailableError,
  type ListedPayment,
  type ListsPayments,
  listsPayments,
  type OpenConnector,
} from '../connectors/index.js';
import { Transactions } from '../platform/database/index.js';
import { toTypeId } from '../platform/ids/index.js';
import { AdoptPayments } from './adopt-payments.js';
import { MatchPayments } from './match-payments.js';
import { type Pass, ProviderBooksRepository } from './provider-books.repository.js';

/** One run's most: a longer list goes on at the next run, from the cursor that is kept. */
const PAGES_MAX = 500;

/** What a comparison of a provider's whole list with ours came to. */
export type Comparison =
  | { readonly kind: 'complete'; readonly payments: number; readonly adopted: number; readonly undecided: number }
  | { readonly kind: 'no_list' }
  | { readonly kind: 'unavailable'; readonly detail: string };

interface Page {
  readonly payments: readonly ListedPayment[];
  readonly nextCursor: string | null;
}

type Listing = Connector & ListsPayments;

/**
 * Compares the books of every provider with ours, both ways: what we have open is asked for one by one as it comes due; here
 * the provider's own list is held against our attempts, so that a payment is found of which we know nothing.
 * Safe to crash anywhere, and to run twice at once, because a page that is compared twice says nothing new.
 */
@Injectable()
export class ReconcileConnectors {
  private readonly logger = new Logger(ReconcileConnectors.name);

  constructor(
    private readonly transactions: Transactions,
    private readonly connectors: ConnectorRepository,
    private readonly registry: ConnectorRegistry,
    private readonly books: ProviderBooksRepository,
    private readonly match: MatchPayments,
    private readonly adoption: AdoptPayments,
  ) {}

  /**
   * Every connector, from a little before the end of its last pass; paused ones too, for looking is always allowed. One that can not be
   * compared keeps no other from it.
   * @throws where one could not be compared, once all have had their turn: so it stands at the job.
   */
  async execute(): Promise<void> {
    const { opened } = await this.openConnectors();
    let failed = 0;
    for (const { id, connector } of opened) {
      try {
        if (listsPayments(connector)) await this.goOn(id, connector);
        else await this.transactions.asEngine((tx) => this.books.noteNoList(tx, id));
      } catch (error) {
        this.logger.error({ message: 'a connector was not compared', connector_id: toTypeId('connector', id), error });
        failed += 1;
      }
    }
    if (failed > 0) throw new Error(`${failed} connectors could not be compared; the log says why`);
  }

  /** All that can be opened, and why the others can not. */
  async openConnectors(): Promise<{ opened: OpenConnector[]; unavailable: string[] }> {
    const rows = await this.transactions.asEngine((tx) => this.connectors.all(tx));
    const opened: OpenConnector[] = [];
    const unavailable: string[] = [];
    for (const row of rows) {
      try {
        opened.push(this.registry.fromRow(row));
      } catch (error) {
        if (!(error instanceof ConnectorUnavailableError)) throw error;
        unavailable.push(error.message);
      }
    }
    return { opened, unavailable };
  }

  /** The whole list since an instant, at once. */
  async compare(open: OpenConnector, createdAfter: Date): Promise<Comparison> {
    if (!listsPayments(open.connector)) return { kind: 'no_list' };
    let [cursor, payments, adopted, undecided]: [string | null, number, number, number] = [null, 0, 0, 0];
    do {
      const page = await open.connector.list({ createdAfter, cursor });
      if (page.kind === 'refused') return cursor === null ? { kind: 'no_list' } : { kind: 'unavailable', detail: page.detail };
      if (page.kind === 'unavailable') return page;
      const compared = await this.comparePage(open.id, page);
      payments += page.payments.length;
      adopted += compared.adopted;
      undecided += compared.undecided;
      cursor = page.nextCursor;
    } while (cursor !== null);
    return { kind: 'complete', payments, adopted, undecided };
  }

  private async goOn(connectorId: string, connector: Listing): Promise<void> {
    const pass = await this.transactions.asEngine((tx) => this.books.beginPass(tx, connectorId));
    if (pass === null) return;
    let cursor = pass.cursor;
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const page = await connector.list({ createdAfter: pass.from, cursor });
      if (page.kind === 'unavailable') {
        this.logger.warn(`the list of connector ${connectorId} was not read: ${page.detail}; it goes on at the next run`);
        return;
      }
      if (page.kind === 'refused') return this.noteRefusal(connectorId, pass, cursor);
      await this.comparePage(connectorId, page);
      cursor = page.nextCursor;
      const next = cursor;
      await this.transactions.asEngine((tx) =>
        next === null
          ? this.books.endPass(tx, connectorId, pass)
          : this.books.turnPage(tx, connectorId, { ...pass, cursor: next }),
      );
      if (cursor === null) return;
    }
  }

  /** Refused from the start, there is no list; in the middle, the cursor is forgotten and the pass begins again. */
  private async noteRefusal(connectorId: string, pass: Pass, cursor: string | null): Promise<void> {
    await this.transactions.asEngine((tx) =>
      cursor === null ? this.books.noteNoList(tx, connectorId) : this.books.turnPage(tx, connectorId, { ...pass, cursor: null }),
    );
  }

  private async comparePage(connectorId: string, { payments }: Page): Promise<{ adopted: number; undecided: number }> {
    const telling = { connectorId, source: 'reconciliation', inHandToo: false } as const;
    const unnamed = await this.transactions.asEngine((tx) => this.match.execute(tx, telling, payments));
    return this.adoption.execute(connectorId, unnamed);
  }
}
