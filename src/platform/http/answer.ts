import type { Response } from 'express';
import type { HttpRequest } from './http-request.js';
import { headersOf, type Problem } from './problem.js';

/** An answer as it is kept and sent: what a replay repeats byte for byte. */
export interface Answer {
  readonly status: number;
  /** By lower-case name: those that are a part of the answer, not of the connection it goes over. */
  readonly headers: Readonly<Record<string, string>>;
  /** Null: no body. */
  readonly body: string | null;
}

/** What a handler may set and a replay has to repeat. */
const KEPT_HEADERS = ['content-type', 'location', 'etag'] as const;

/** The answer that a handler made: its result, and the status and headers it left on the response. */
export function answerOfHandler(response: Response, result: unknown): Answer {
  const headers: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = response.getHeader(name);
    if (typeof value === 'string') headers[name] = value;
  }
  if (result === undefined || result === null) return { status: response.statusCode, headers, body: null };
  headers['content-type'] ??= 'application/json; charset=utf-8';
  const isPage = typeof result === 'string' && headers['content-type'].startsWith('text/html');
  return { status: response.statusCode, headers, body: isPage ? result : JSON.stringify(result) };
}

/** The answer of a refusal, in the words that the caller of this request understands. */
export function answerOfRefusal(problem: Problem, { dialect, requestId }: Pick<HttpRequest, 'dialect' | 'requestId'>): Answer {
  if (dialect === undefined) return answerOfProblem(problem, requestId);
  const { status, headers, body } = dialect.refusal(problem, requestId);
  return { status, headers, body };
}

/** The answer of a refusal in the native contract (RFC 9457). */
export function answerOfProblem(problem: Problem, requestId: string): Answer {
  const { errors, members } = problem.options;
  const body = {
    type: `urn:tranche:problem:${problem.code}`,
    title: problem.definition.title,
    status: problem.definition.status,
    detail: problem.detail,
    code: problem.code,
    request_id: requestId,
    ...(errors === undefined ? {} : { errors }),
    ...members,
  };
  return {
    status: problem.definition.status,
    headers: { 'content-type': 'application/problem+json; charset=utf-8', ...headersOf(problem) },
    body: JSON.stringify(body),
  };
}

/** Puts all but the body on the response. */
export function writeHead(response: Response, answer: Answer): void {
  response.status(answer.status);
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
}

/** What stood on the response at some moment, to go back to when a handler runs again or its work is undone. */
export class ResponseDraft {
  private readonly status: number;
  private readonly names: ReadonlySet<string>;

  constructor(private readonly response: Response) {
    this.status = response.statusCode;
    this.names = new Set(response.getHeaderNames());
  }

  restore(): void {
    this.response.status(this.status);
    for (const name of this.response.getHeaderNames()) if (!this.names.has(name)) this.response.removeHeader(name);
  }
}
