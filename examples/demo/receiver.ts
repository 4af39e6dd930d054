import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { Event } from './contract.js';

/** What any merchant's backend would have: a route that takes webhooks and believes only those whose signature is right. */
export class Receiver {
  /** In the order of arrival, each once: a webhook that comes again has the same id. */
  readonly events: Event[] = [];
  refused = 0;
  private readonly seen = new Set<string>();
  private verifier: Webhook | null = null;
  private readonly server = createServer((request, response) => {
    this.receive(request).then(
      (status) => response.writeHead(status).end(),
      () => response.destroy(),
    );
  });

  /** @returns the URL to be told. */
  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/webhooks`;
  }

  /** From now on, what is signed with this secret is believed. */
  trust(secret: string): void {
    this.verifier = new Webhook(secret);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async receive(request: IncomingMessage): Promise<number> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    // The signature is over the bytes as they came: verify before parsing.
    const body = Buffer.concat(chunks).toString('utf8');
    try {
      if (this.verifier === null) throw new Error('no secret yet');
      this.verifier.verify(body, request.headers as Record<string, string>);
    } catch {
      this.refused += 1;
      return 401;
    }
    this.keep(JSON.parse(body) as Event, request.headers['webhook-id'] as string);
    return 204;
  }

  /** Deliveries are at least once, so a receiver remembers the ids that it has seen. */
  private keep(event: Event, id: string): void {
    if (this.seen.has(id)) return;
    this.seen.add(id);
    this.events.push(event);
  }
}
