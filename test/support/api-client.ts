import { assertEvent } from './event-schema.js';

/** A refusal as RFC 9457 and the contract shape it. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly request_id: string;
  readonly errors?: readonly { readonly pointer: string; readonly code: string; readonly detail: string }[];
  readonly existing_id?: string;
}

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  /** As it came, to be compared byte for byte. */
  readonly text: string;
  /** Parsed where it is JSON, undefined where it is empty, else as it came; the caller says as what. */
  readonly body: Body;
}

interface Page<Element> {
  readonly data: readonly (Element & { readonly id: string })[];
  readonly has_more: boolean;
}

/** Lists of events: of everything, of a bulk, of a payout. */
const EVENTS = /\/events(\?|$)/;
type FeedElement = Parameters<typeof assertEvent>[0];

type Headings = Readonly<Record<string, string>>;

/** HTTP as a merchant's engineer writes it: JSON in, status and JSON out. A text or bytes are sent as they are. */
export class ApiClient {
  constructor(
    readonly url: string,
    readonly key: string | null,
  ) {}

  get<Body = ProblemBody>(path: string, headers?: Headings): Promise<Answer<Body>> {
    return this.send('GET', path, { headers });
  }

  post<Body = ProblemBody>(path: string, body?: unknown, headers?: Headings): Promise<Answer<Body>> {
    return this.send('POST', path, { body, headers });
  }

  patch<Body = ProblemBody>(path: string, body?: unknown, headers?: Headings): Promise<Answer<Body>> {
    return this.send('PATCH', path, { body, headers });
  }

  delete<Body = ProblemBody>(path: string, body?: unknown, headers?: Headings): Promise<Answer<Body>> {
    return this.send('DELETE', path, { body, headers });
  }

  async send<Body = ProblemBody>(
    method: string,
    path: string,
    { body, headers = {} }: { readonly body?: unknown; readonly headers?: Headings | undefined } = {},
  ): Promise<Answer<Body>> {
    const answer = await fetch(this.url + path, {
      method,
      headers: {
        ...(this.key === null ? {} : { authorization: `Bearer ${this.key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isRaw(body) ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') === true;
    const parsed: unknown = isJson ? JSON.parse(text) : text === '' ? undefined : text;
    if (answer.ok && EVENTS.test(path)) (parsed as { readonly data: readonly FeedElement[] }).data.forEach(assertEvent);
    return { status: answer.status, headers: answer.headers, text, body: parsed as Body };
  }

  /** Every element of a list, page by page, in its order. */
  async all<Element>(path: string): Promise<Element[]> {
    const elements: (Element & { readonly id: string })[] = [];
    for (;;) {
      const cursor = elements.at(-1)?.id;
      const separator = path.includes('?') ? '&' : '?';
      const page = await this.get<Page<Element>>(
        `${path}${separator}limit=1000${cursor === undefined ? '' : `&starting_after=${cursor}`}`,
      );
      if (page.status !== 200) throw new Error(`${path} answered ${String(page.status)}: ${page.text}`);
      elements.push(...page.body.data);
      if (!page.body.has_more) return elements;
    }
  }
}

const isRaw = (body: unknown): body is string | Uint8Array<ArrayBuffer> => typeof body === 'string' || body instanceof Uint8Array;
