import { Agent, request as send } from 'node:http';

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Parsed where it is JSON, undefined where there is none, else as it came. */
  readonly body: unknown;
}

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
}

/** HTTP that sends paths and headers as they are given, where `fetch` would tidy them up. Of a stream it reads the head only. */
export class Wire {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly url: URL;

  constructor(
    url: string,
    private readonly key: string | null = null,
  ) {
    this.url = new URL(url);
  }

  send({ method, path, headers = {}, body }: WireRequest): Promise<WireAnswer> {
    const {
      agent,
      url: { hostname, port },
    } = this;
    return new Promise((resolve, reject) => {
      const authorization = this.key === null ? {} : { authorization: `Bearer ${this.key}` };
      const length = body === undefined ? {} : { 'content-length': String(body.length) };
      const request = send({ agent, hostname, port, method, path, headers: { ...authorization, ...length, ...headers } });
      request.on('error', reject).on('response', (response) => {
        const { statusCode: status = 0, headers: answered } = response;
        if (answered['content-type']?.startsWith('text/event-stream') === true) {
          response.destroy();
          resolve({ status, headers: answered, text: '', body: '' });
          return;
        }
        const chunks: Buffer[] = [];
        response
          .on('error', reject)
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', () => {
            const text = Buffer.concat(chunks).toString();
            const isJson = answered['content-type']?.includes('json') === true;
            const parsed: unknown = isJson && text !== '' ? JSON.parse(text) : text === '' ? undefined : text;
            resolve({ status, headers: answered, text, body: parsed });
          });
      });
      request.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
