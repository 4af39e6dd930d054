export { DrawnBuckets } from './drawn-buckets.js';
export { drawTokens, forgetFullBuckets } from './rate-bucket.repository.js';
export type { Verdict } from './rate.js';
export { TokenDrawer } from './token-drawer.js';
