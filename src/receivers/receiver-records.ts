import { Injectable } from '@nestjs/common';
import { ReceiverKeys } from '../bulks/index.js';
import { phoneOfLink, UserRepository } from '../doors/index.js';
import { PayoutLinkRepository } from '../payout-links/index.js';
import type { Tx } from '../platform/database/index.js';

/** What is kept of a receiver beside payouts. */
export interface KnownRecords {
  readonly users: readonly { readonly id: string; readonly receivers: readonly string[] | null }[];
  readonly links: readonly {
    readonly id: string;
    readonly status: string;
    readonly payout_id: string | null;
    readonly receivers: readonly string[] | null;
  }[];
}

/** Users of the Dots door, and payout links: rows that name phones and accounts, and are forgotten one by one. */
@Injectable()
export class ReceiverRecords {
  constructor(
    private readonly keys: ReceiverKeys,
    private readonly users: UserRepository,
    private readonly links: PayoutLinkRepository,
  ) {}

  /** Whoever has one of these phones and accounts, and links that are for him, or that these payouts were made of. */
  async find(
    tx: Tx,
    merchantId: string,
    { receivers, payoutIds }: { readonly receivers: readonly string[]; readonly payoutIds: readonly string[] },
  ): Promise<KnownRecords> {
    const claimed = await this.links.naming(tx, merchantId, { receivers: [], payoutIds, ids: [] });
    const his = [...receivers, ...named(claimed)];
    const users = await this.users.naming(tx, merchantId, { receivers: his, ids: [] });
    // Accounts of theirs say nothing to links, which know phones alone.
    const links = await this.links.naming(tx, merchantId, { receivers: [...his, ...named(users)], payoutIds, ids: [] });
    return { users, links };
  }

  /** Of the user or the link that has this id. @returns null where there is none. */
  async phonesOf(tx: Tx, merchantId: string, id: string): Promise<readonly string[] | null> {
    const users = await this.users.naming(tx, merchantId, { receivers: [], ids: [id] });
    const links = await this.links.naming(tx, merchantId, { receivers: [], payoutIds: [], ids: [id] });
    // A user's phone is the first that he is named by.
    return users.length + links.length === 0 ? null : [...named(users).slice(0, 1), ...named(links)];
  }

  async forget(tx: Tx, merchantId: string, { users, links }: KnownRecords): Promise<void> {
    await this.users.forget(tx, merchantId, idsOf(users));
    await this.links.forget(tx, merchantId, idsOf(links));
  }

  /** Says of a few old ones whom they name. @param merchantId null: of all merchants. @returns how many. */
  async nameOld(tx: Tx, merchantId: string | null): Promise<number> {
    const users = await this.users.nameOld(tx, merchantId);
    const links = await this.links.unnamed(tx, merchantId);
    await this.links.name(
      tx,
      links.map((link) => {
        const phone = link.details === null ? null : phoneOfLink(link.details);
        return { id: link.id, receivers: phone === null ? [] : [this.keys.receiverOfPhone(link.merchantId, phone)] };
      }),
    );
    return users + links.length;
  }
}

const named = (rows: readonly { readonly receivers: readonly string[] | null }[]): string[] =>
  rows.flatMap(({ receivers }) => receivers ?? []);
export const idsOf = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id);
