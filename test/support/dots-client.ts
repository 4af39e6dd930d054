import { assertAnswer, dotsDocument } from './openapi-answers.js';

export interface DotsError {
  readonly error_code: string;
  readonly message: string;
}

/** HTTP as Dots' own guide writes it, every answer held to the document of the door. */
export class DotsClient {
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    private readonly url: string,
    id: string,
    key: string,
  ) {
    this.headers = {
      authorization: `Basic ${Buffer.from(`${id}:${key}`).toString('base64')}`,
      'content-type': 'application/json',
    };
  }

  async ok<Body>(method: string, path: string, body?: unknown): Promise<Body> {
    const answer = await this.send<Body>(method, path, body);
    if (answer.status >= 400)
      throw new Error(`${method} ${path} answered ${String(answer.status)}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async refused(method: string, path: string, body?: unknown): Promise<DotsError & { status: number; headers: Headers }> {
    const { status, headers, body: error } = await this.send<DotsError>(method, path, body);
    if (status < 400) throw new Error(`${method} ${path} should have been refused`);
    return { status, headers, ...error };
  }

  async statusOf(method: string, path: string, body?: unknown): Promise<number> {
    return (await this.send(method, path, body)).status;
  }

  /** A text is sent as it is. */
  private async send<Body>(
    method: string,
    path: string,
    body: unknown,
  ): Promise<{ status: number; headers: Headers; body: Body }> {
    const at = `/api/v2${path}`;
    const answer = await fetch(this.url + at, {
      method,
      headers: this.headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const parsed = (await answer.json()) as Body;
    if (path !== '/nothing') assertAnswer(method, at, { status: answer.status, body: parsed, document: dotsDocument });
    return { status: answer.status, headers: answer.headers, body: parsed };
  }
}
