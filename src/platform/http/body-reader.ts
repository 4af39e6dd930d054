import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { kernelProblem } from './kernel.problems.js';
import type { Problem } from './problem.js';

/** `application/json`, `application/merge-patch+json; charset="UTF-8"`: the media type and, where it has one, its charset. */
const MEDIA_TYPE = /^([\w.+-]+\/[\w.+-]+)\s*(?:;\s*charset\s*=\s*"?([\w-]+)"?\s*)?(?:;.*)?$/i;

const MERGE_PATCH = 'application/merge-patch+json';
const FORM = 'application/x-www-form-urlencoded';

/** Whether a body follows the headers (RFC 9112 section 6.3). */
export const hasBody = (headers: IncomingHttpHeaders): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** Why a body with these headers is not read, or null. */
export function refuseMediaType(method: string, headers: IncomingHttpHeaders, form = false): Problem | null {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return kernelProblem('unsupported_media_type', 'The body is compressed. Send it as it is.', {
      headers: { 'Accept-Encoding': 'identity' },
    });
  }
  const [, type, charset] = MEDIA_TYPE.exec(headers['content-type'] ?? '') ?? [];
  const known = type?.toLowerCase();
  if (form) return known === FORM ? null : kernelProblem('unsupported_media_type', `Send the body as ${FORM}.`);
  if (known !== 'application/json' && !(known === MERGE_PATCH && method === 'PATCH')) {
    const also = method === 'PATCH' ? ` or ${MERGE_PATCH}` : '';
    return kernelProblem('unsupported_media_type', `Send the body as application/json${also}, and say so in Content-Type.`);
  }
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8') {
    return kernelProblem('unsupported_media_type', 'JSON is UTF-8. Send the body in UTF-8.');
  }
  return null;
}

/** Takes room for so many bytes more, or says why there is none. */
export type TakeRoom = (bytes: number) => Problem | null;

/**
 * The bytes of the body. Over the limit nothing more is kept, whatever Content-Length says; what still comes is thrown
 * away, so that a client that writes before it reads gets to see the refusal.
 * @throws `payload_too_large`, `malformed_request`, and what `takeRoom` says
 */
export function readBytes(request: IncomingMessage, limit_bytes: number, takeRoom: TakeRoom): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (outcome: Buffer | Problem): void => {
      request.off('data', take).off('end', finish).off('error', cut).off('close', cut);
      // Somebody has to listen: an abort after the refusal must not end the process.
      request.on('error', () => undefined);
      if (Buffer.isBuffer(outcome)) resolve(outcome);
      else {
        request.resume();
        reject(outcome);
      }
    };
    const tooLarge = (): void => {
      settle(
        kernelProblem(
          'payload_too_large',
          `The body is longer than the ${String(limit_bytes)} bytes this route takes. Split it.`,
        ),
      );
    };
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      const refusal = length > limit_bytes ? null : takeRoom(chunk.length);
      if (length > limit_bytes) tooLarge();
      else if (refusal !== null) settle(refusal);
      else chunks.push(chunk);
    };
    const finish = (): void => {
      settle(Buffer.concat(chunks, length));
    };
    const cut = (): void => {
      settle(kernelProblem('malformed_request', 'The connection ended within the body.'));
    };
    if (Number(request.headers['content-length'] ?? 0) > limit_bytes) tooLarge();
    else request.on('data', take).on('end', finish).on('error', cut).on('close', cut);
  });
}
