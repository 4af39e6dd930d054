import { createHash, randomBytes } from 'node:crypto';
import type { Configuration } from '../config/index.js';
import { allowedFields } from './log-fields.js';
import type { Span } from './span.js';

type Options = NonNullable<Configuration['traces']>;

/** A collector gets what there is at least this often. */
const FLUSH_MS = 1_000;
/** Spans of one request: some 300 KB. */
const BATCH_MAX = 512;
/** What waits for a collector that is away, some 5 MB; beyond it spans are dropped, because nothing of money waits for them. */
const QUEUE_MAX = 8_192;
const TIMEOUT_MS = 5_000;
/** A stop is not held up by a collector. */
const CLOSE_MAX_MS = 2_000;
const KINDS = { internal: 1, server: 2, client: 3 } as const;
const STATUS_ERROR = 2;
/** Answers after which the same spans may be sent again (OTLP 1.x, retryable response codes); after any other they never are. */
const COME_AGAIN = new Set([429, 502, 503, 504]);
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/** Why spans were not taken; a lasting one would be the same with the same spans. */
interface Fault {
  readonly says: string;
  readonly isLasting: boolean;
}

/** Spans as OTLP over HTTP in JSON (OpenTelemetry Protocol 1.x). Lossy on purpose, and never in anybody's way. */
export class OtlpExporter {
  private queue: object[] = [];
  private dropped = 0;
  private sending: Promise<void> | null = null;
  private readonly timer = setInterval(() => void this.flush(), FLUSH_MS).unref();

  constructor(
    private readonly options: Options,
    private readonly report: (problem: string) => void,
  ) {}

  push(span: Span): void {
    if (!isSampled(span.subject, this.options.ratio)) return;
    if (this.queue.length >= QUEUE_MAX) this.dropped += 1;
    else this.queue.push(toOtlp(span));
    // Once for each batch: a collector that did not take one is asked again by the timer alone, not for each span.
    if (this.queue.length === BATCH_MAX) void this.flush();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_MAX_MS)));
    await Promise.race([this.flush(), late]);
    clearTimeout(timer);
  }

  /** One request at a time. Never rejects. */
  private flush(): Promise<void> {
    this.sending ??= this.sendAll().finally(() => {
      this.sending = null;
    });
    return this.sending;
  }

  private async sendAll(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.queue.slice(0, BATCH_MAX);
      const fault = await this.send(batch);
      // Else kept for the next turn, as far as there is room.
      if (fault?.isLasting !== false) this.queue = this.queue.slice(batch.length);
      if (fault === null) continue;
      if (fault.isLasting) this.dropped += batch.length;
      this.report(`traces: ${fault.says}; ${this.queue.length} spans wait, ${this.dropped} were dropped`);
      return;
    }
  }

  private async send(spans: readonly object[]): Promise<Fault | null> {
    const attributes = toAttributes({ 'service.name': 'tranche', 'service.instance.id': String(process.pid) });
    try {
      const answer = await fetch(`${this.options.endpoint.replace(/\/$/, '')}/v1/traces`, {
        method: 'POST',
        redirect: 'error',
        headers: { ...this.options.headers, 'content-type': 'application/json' },
        body: JSON.stringify({
          resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: 'tranche' }, spans }] }],
        }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await answer.body?.cancel();
      return answer.ok ? null : { says: `the collector answers ${answer.status}`, isLasting: !COME_AGAIN.has(answer.status) };
    } catch (error) {
      const { message, cause } = error as Error;
      return { says: `the collector can not be reached (${cause instanceof Error ? cause.message : message})`, isLasting: false };
    }
  }
}

/** By the last 32 bits of the uuid, which are random. */
const isSampled = (subject: string, ratio: number): boolean => Number.parseInt(subject.slice(-8), 16) < ratio * 2 ** 32;

function toOtlp({ subject, name, kind, isRoot = false, started_ms, ended_ms, failed, fields, caller }: Span): object {
  const [, traceId, spanId] = TRACEPARENT.exec(caller ?? '') ?? [];
  const root = createHash('sha256').update(subject).digest('hex').slice(0, 16);
  return {
    traceId: subject.replaceAll('-', ''),
    spanId: isRoot ? root : randomBytes(8).toString('hex'),
    ...(isRoot ? {} : { parentSpanId: root }),
    name,
    kind: KINDS[kind],
    startTimeUnixNano: nanosecondsOf(started_ms),
    endTimeUnixNano: nanosecondsOf(ended_ms),
    attributes: toAttributes(allowedFields(fields)),
    status: failed ? { code: STATUS_ERROR } : {},
    links: traceId === undefined ? [] : [{ traceId, spanId }],
  };
}

const nanosecondsOf = (monotonic_ms: number): string =>
  String(BigInt(Math.round((performance.timeOrigin + monotonic_ms) * 1_000)) * 1_000n);

const toAttributes = (fields: Readonly<Record<string, unknown>>): object[] =>
  Object.entries(fields)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => ({
      key: key.includes('.') ? key : `tranche.${key}`,
      value: typeof value === 'number' ? { doubleValue: value } : { stringValue: String(value) },
    }));
