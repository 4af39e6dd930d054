import { setImmediate as turn } from 'node:timers/promises';
import { Egress, type EgressAnswer } from '../../src/webhooks/egress/egress.js';

/** What the process is told as its only argument. */
export interface EgressOrder {
  readonly urls: readonly string[];
  readonly timeout_ms: number;
  /** Names that resolve to loopback. */
  readonly names: readonly string[];
}

/** What it prints. */
export interface EgressReport {
  readonly answers: readonly EgressAnswer[];
  /** By how much its memory was larger at its largest than before the first call. */
  readonly grew_bytes: number;
}

/** The way out in a process of its own: memory that is its alone, and the certificates of its own environment. */
const { urls, timeout_ms, names } = JSON.parse(process.argv[2] ?? '') as EgressOrder;
const egress = new Egress({
  allowCidrs: ['127.0.0.0/8'],
  resolve: (host) => Promise.resolve(names.includes(host) ? ['127.0.0.1'] : []),
});
/** Looked at while the calls are out: the peak of the whole life of the process is that of its start. */
const LOOK_MS = 5;
const before_bytes = process.memoryUsage.rss();
let most_bytes = before_bytes;
const looks = setInterval(() => (most_bytes = Math.max(most_bytes, process.memoryUsage.rss())), LOOK_MS);
const answers = await Promise.all(
  urls.map((url) => egress.post({ url, headers: { 'webhook-id': 'event_1' }, secrets: [], body: Buffer.from('{}'), timeout_ms })),
);
await turn();
clearInterval(looks);
await egress.close();
const report: EgressReport = { answers, grew_bytes: most_bytes - before_bytes };
process.stdout.write(JSON.stringify(report));
