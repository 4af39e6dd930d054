import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Reply =
  'never' | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> };

/** What becomes of a send; absent members: it is taken, and paid. */
export interface Fate {
  readonly refusal?: Reply;
  readonly status?: string;
  readonly errors?: object;
  readonly later?: { readonly after_ms: number; readonly status: string; readonly errors?: object };
  /** `never`: taken, and never answered. */
  readonly answer?: Reply;
}

/** How a payment in the books of a provider stands, and will. */
export interface Standing {
  status: string;
  errors: object | null;
  later: { readonly at: number; readonly status: string; readonly errors?: object } | null;
}

export const standingBy = ({ status, errors, later }: Fate, usual: string): Standing => ({
  status: status ?? usual,
  errors: errors ?? null,
  later: later === undefined ? null : { ...later, at: Date.now() + later.after_ms },
});

/** To be called before a payment is shown. */
export function mature(payment: Standing): void {
  if (payment.later === null || Date.now() < payment.later.at) return;
  payment.status = payment.later.status;
  payment.errors = payment.later.errors ?? null;
  payment.later = null;
}

/** A provider on loopback that keeps what it was sent. */
export abstract class RecordingServer<Item> {
  readonly requests: RecordedRequest[] = [];
  private readonly sends = new Map<string, number>();
  private readonly server = createServer(
    (request, response) => void this.serve(request, response).catch(() => request.socket.destroy()),
  );

  protected constructor(public fate: (item: Item, sends: number) => Fate = () => ({})) {}

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  protected async listening(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  /** What becomes of one more send under this key. */
  protected nextFateOf(key: string, item: Item): Fate {
    const sends = (this.sends.get(key) ?? 0) + 1;
    this.sends.set(key, sends);
    return this.fate(item, sends);
  }

  protected abstract replyTo(request: RecordedRequest): Reply;

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat((await request.toArray()) as Buffer[]).toString('utf8');
    const { method = '', url = '/', headers } = request;
    const { pathname: path, searchParams: query } = new URL(url, this.url);
    const recorded = { method, path, query, headers, body };
    this.requests.push(recorded);
    const reply = this.replyTo(recorded);
    if (reply === 'never') return;
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
  }
}
