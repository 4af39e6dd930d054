export { drawTokens, forgetFullBuckets } from './rate-bucket.repository.js';
export type { Verdict } from './rate.js';
export { SharedBuckets } from './shared-buckets.js';
export { TokenDrawer } from './token-drawer.js';
