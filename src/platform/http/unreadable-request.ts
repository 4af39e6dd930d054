import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { newUuid, toTypeId } from '../ids/index.js';
import { answerOfProblem } from './answer.js';
import { kernelProblem } from './kernel.problems.js';
import type { Problem } from './problem.js';

/** Closing at once would take the answer back while the client still sends; nobody who reads needs longer than this. */
const LINGER_MS = 1_000;

/**
 * Answers what never became a request, and so came to no middleware, as every other refusal is answered; then the
 * connection ends, because nobody knows where on it the next request would begin.
 */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const requestId = toTypeId('req', newUuid());
  const { status, headers, body } = answerOfProblem(problemOf(error), requestId);
  const head = {
    ...headers,
    'content-length': String(Buffer.byteLength(body ?? '')),
    'request-id': requestId,
    'cache-control': 'no-store',
    connection: 'close',
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`, ...lines, '', body ?? ''].join('\r\n'));
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

function problemOf({ code }: NodeJS.ErrnoException): Problem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return kernelProblem('request_timeout', 'The request did not arrive in time. Send it again, all of it at once.');
    case 'HPE_HEADER_OVERFLOW':
      return kernelProblem('headers_too_large', 'The request line and the headers are longer than 16 KiB together.');
    default:
      return kernelProblem('malformed_request', 'This can not be read as an HTTP request.');
  }
}
