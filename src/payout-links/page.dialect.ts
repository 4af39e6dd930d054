import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Transactions } from '../platform/database/index.js';
import { type Caller, type Dialect, type ForeignRefusal, headersOf, Problem } from '../platform/http/index.js';
import { NOT_NOW } from './claim-form.js';
import { DEAD_LINK_PAGE, refusalPage } from './claim-page.js';
import { LinkTokens } from './link-tokens.js';
import { PAGE_HEADERS } from './page-markup.js';
import { PayoutLinkRepository } from './payout-link.repository.js';

const NOBODY: Caller = { kind: 'nobody' };

/** The form again, with what is wrong in it. Nothing was written. */
export class FormRefused extends Problem {
  constructor(readonly page: string) {
    super(
      'form_refused',
      { status: 422, title: 'Form refused', meaning: 'Fields of the form have to be mended.' },
      'See the page.',
    );
  }
}

/** Statuses that say something about the link: one page for all of them. */
const OF_LINK: readonly number[] = [401, 403, 404, 405];

/** What the merchant has to mend: whoever holds the link can do nothing, and waiting may never help. */
const OF_MERCHANT: Readonly<Record<string, string>> = { limit_reached: NOT_NOW, bulk_over_limit: NOT_NOW };

const SENTENCES: Readonly<Record<number, string>> = {
  429: 'There were too many requests from your network. Wait a minute and open the link again.',
  503: 'We can not answer now. Open the link again in a minute: if it still works, nothing was done yet.',
};

/** How a browser with a payout link speaks HTTP: the path shows the link, which takes the place of a key, and a refusal is a page. */
@Injectable()
export class PageDialect implements Dialect {
  readonly idempotencyHeader = null;

  constructor(
    private readonly transactions: Transactions,
    private readonly links: PayoutLinkRepository,
    private readonly tokens: LinkTokens,
  ) {}

  credentialOf({ params }: Request): string | null {
    const token: unknown = params['token'];
    return typeof token === 'string' ? token : null;
  }

  /** Each costs a guess, which it gets back if it opens: so links are guessed no faster than keys. */
  knows(): boolean {
    return false;
  }

  async identify(token: string): Promise<Caller> {
    const hash = this.tokens.hashOf(token);
    if (hash === null) return NOBODY;
    const link = await this.transactions.asEngine((tx) => this.links.findClaimable(tx, hash));
    return link === null ? NOBODY : { kind: 'guest', guest: { id: link.id, merchantId: link.merchant_id } };
  }

  refusal(problem: Problem): ForeignRefusal {
    const { status } = problem.definition;
    if (OF_LINK.includes(status)) return { status: 404, headers: PAGE_HEADERS, body: DEAD_LINK_PAGE };
    const { 'retry-after': wait } = headersOf(problem);
    const headers = wait === undefined ? PAGE_HEADERS : { ...PAGE_HEADERS, 'retry-after': wait };
    if (problem instanceof FormRefused) return { status, headers, body: problem.page };
    const sentence = OF_MERCHANT[problem.code] ?? SENTENCES[status] ?? 'Open the link again and try once more.';
    return { status, headers, body: refusalPage(sentence) };
  }
}
