import { Pool } from 'undici';
import { newUuid, toTypeId } from '../../src/platform/ids/index.js';
import { signatureHeaders } from '../../src/webhooks/signing/signature.js';
import { inParallel } from '../rows/row.js';
import type { BenchReceiver } from './receiver.js';

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const BODY = Buffer.from(
  JSON.stringify({
    type: 'payout.scheduled',
    timestamp: new Date().toISOString(),
    data: {
      event_id: toTypeId('event', newUuid()),
      sequence: 3,
      bulk_id: toTypeId('bulk', newUuid()),
      bulk_reference: null,
      payout_id: toTypeId('payout', newUuid()),
      reference: 'INV-1001',
      previous_status: 'VALIDATION_IN_PROGRESS',
      status: 'SCHEDULED',
      final: false,
      amount: '120.50',
      currency: 'EUR',
      scheduled_at: new Date().toISOString(),
      issues: [],
      intent: null,
    },
  }),
);

/** What a sender with nothing around it does: a body as long as the engine's is signed and posted by undici. */
export class BarePosts {
  private constructor(
    private readonly pool: Pool,
    private readonly concurrency: number,
  ) {}

  /** With each of its connections open. */
  static async open(receiver: BenchReceiver, concurrency: number): Promise<BarePosts> {
    const posts = new BarePosts(new Pool(receiver.url, { connections: concurrency, pipelining: 1 }), concurrency);
    await posts.send(concurrency);
    return posts;
  }

  send(posts: number): Promise<void> {
    return inParallel(Array.from({ length: posts }), this.concurrency, async () => {
      const content = { id: toTypeId('event', newUuid()), timestamp_s: Math.floor(Date.now() / 1000), body: BODY };
      const headers = { 'content-type': 'application/json', ...signatureHeaders(content, [SECRET]) };
      const { body } = await this.pool.request({ method: 'POST', path: '/bare', headers, body: BODY });
      await body.dump();
    });
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}
