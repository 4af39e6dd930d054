/** How many tokens a second flow into a bucket, and how many it holds at most. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Whether a request goes on, and how many more could follow it at once. */
export type Verdict =
  | { readonly taken: true; readonly remaining: number }
  | { readonly taken: false; readonly remaining: 0; readonly wait_ms: number };
