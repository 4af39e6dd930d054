import { Webhook } from 'standardwebhooks';
import { reasonOf } from './follow-events.js';

/** As patient as the server is by default. */
const TIMEOUT_MS = 15_000;

/** Posts one event as the server would: the same bytes and headers, signed with a secret that both sides here know. */
export class Forward {
  private readonly webhook: Webhook;

  constructor(
    private readonly url: URL,
    secret: string,
  ) {
    this.webhook = new Webhook(secret);
  }

  /** @returns the status, or why there is none. Redirects are not followed, as no webhook follows one. */
  async post(id: string, body: string): Promise<string> {
    const now = new Date();
    try {
      const answer = await fetch(this.url, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Tranche-Webhooks/1',
          'accept-encoding': 'identity',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
          'webhook-signature': this.webhook.sign(id, now, body),
        },
        body,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await answer.body?.cancel();
      return String(answer.status);
    } catch (error) {
      return reasonOf(error);
    }
  }
}
