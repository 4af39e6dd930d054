/** A token that was granted, and for how long. */
export interface Grant {
  readonly token: string;
  readonly lifetime_ms: number;
}

/** So long before its end a token is not begun to be used any more: a call that is under way must not outlive it. */
const MARGIN_MS = 60_000;

/** One token for all callers, fetched by the first that finds none; what could not be fetched is told to all who waited for it. */
export class AccessTokens<Refusal> {
  private held: { readonly token: string; readonly endsAt_ms: number } | null = null;
  private fetching: Promise<Grant | { readonly refusal: Refusal }> | null = null;

  constructor(
    private readonly fetch: () => Promise<Grant | { readonly refusal: Refusal }>,
    private readonly now_ms: () => number = () => performance.now(),
  ) {}

  async get(): Promise<{ readonly token: string } | { readonly refusal: Refusal }> {
    if (this.held !== null && this.now_ms() < this.held.endsAt_ms) return this.held;
    this.fetching ??= this.fetchAndHold().finally(() => (this.fetching = null));
    return this.fetching;
  }

  /** It was refused. Of many callers that had it, the first has a new one fetched; what was fetched since stays. */
  discard(token: string): void {
    if (this.held?.token === token) this.held = null;
  }

  private async fetchAndHold(): Promise<Grant | { readonly refusal: Refusal }> {
    const began_ms = this.now_ms();
    const grant = await this.fetch();
    if ('token' in grant) this.held = { token: grant.token, endsAt_ms: began_ms + Math.max(grant.lifetime_ms - MARGIN_MS, 0) };
    return grant;
  }
}
