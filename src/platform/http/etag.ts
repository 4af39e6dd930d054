import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Response } from 'express';
import type { HttpRequest } from './http-request.js';
import { kernelProblem, versionConflict } from './kernel.problems.js';
import { markConditional } from './operation.decorator.js';

const ANY = '*';
/** One entity tag (RFC 9110 section 8.8.3). */
const TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;
const VERSION = /^[1-9]\d{0,8}$/;

/** The version as an ETag on the answer. */
export const setEtag = (response: Response, version: number): void => {
  response.setHeader('ETag', `"${String(version)}"`);
};

/**
 * The version that an `If-Match` header asks for; null where anything goes (no header, or `*`).
 * @throws `version_conflict` for a tag that no version of ours can have: If-Match compares strongly (RFC 9110 section
 * 13.1.1), so a weak tag matches nothing; `invalid_if_match` for what is no single tag.
 */
export function readIfMatch(header: string | undefined): number | null {
  if (header === undefined || header.trim() === ANY) return null;
  const [, weak, text] = TAG.exec(header.trim()) ?? [];
  if (text === undefined)
    throw kernelProblem('invalid_if_match', 'Send If-Match with one ETag as it was answered, such as "3" with its quotes, or *.');
  if (weak !== undefined || !VERSION.test(text)) throw versionConflict();
  return Number(text);
}

/** The version that this request may change, or null: any. Compare it under the row's lock, and refuse with `versionConflict()`. */
export const IfMatch = createParamDecorator(
  (_: unknown, context: ExecutionContext): number | null =>
    readIfMatch(context.switchToHttp().getRequest<HttpRequest>().headers['if-match']),
  [markConditional],
);
