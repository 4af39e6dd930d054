interface Page<Element> {
  readonly data: readonly Element[];
  readonly has_more: boolean;
}

/** The largest page that a list answers. */
const PAGE_SIZE = 1000;

/** Plain HTTP with a key: all that Tranche asks of its client. */
export class ApiClient {
  constructor(
    readonly url: string,
    private readonly key: string,
  ) {}

  get<Answer>(path: string): Promise<Answer> {
    return this.call('GET', path);
  }

  post<Answer>(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.call('POST', path, { body, headers });
  }

  patch<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.call('PATCH', path, { body });
  }

  /** Every element of a list, page by page. `cursor`: the parameter that names the last element seen. */
  async all<Element extends { readonly id: string }>(path: string, cursor = 'starting_after'): Promise<Element[]> {
    const elements: Element[] = [];
    for (;;) {
      const last = elements.at(-1);
      const from = last === undefined ? '' : `&${cursor}=${last.id}`;
      const page: Page<Element> = await this.get(`${path}?limit=${PAGE_SIZE}${from}`);
      elements.push(...page.data);
      if (!page.has_more) return elements;
    }
  }

  private async call<Answer>(
    method: string,
    path: string,
    request: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json', ...request.headers },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text}`);
    return JSON.parse(text) as Answer;
  }
}
