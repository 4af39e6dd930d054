import { defineProblems, type Problem } from './problem.js';

/** A second is long enough for a reconnect or a fail-over to make progress, and short enough for a waiting caller. */
const DATABASE_RETRY_AFTER_S = 1;

/** The refusals that any route may answer, whatever it is about. */
export const kernelProblem = defineProblems({
  malformed_request: {
    status: 400,
    title: 'Malformed request',
    meaning: 'The request line or a header can not be read, or the connection ended within the body.',
  },
  malformed_json: {
    status: 400,
    title: 'Malformed JSON',
    meaning: 'The body is not JSON in valid UTF-8, is nested too deeply, or has an object of too many members.',
  },
  duplicate_key: {
    status: 400,
    title: 'Duplicate key',
    meaning: 'An object of the body has the same key twice; readers disagree which one counts, so send it once.',
  },
  invalid_query: {
    status: 400,
    title: 'Invalid query',
    meaning: 'A query parameter is unknown to this route or has a value it can not take; `parameters` names each.',
  },
  invalid_cursor: {
    status: 400,
    title: 'Invalid cursor',
    meaning: 'The cursor names nothing in this list. Use the id of an element of a page of it.',
  },
  invalid_idempotency_key: {
    status: 400,
    title: 'Invalid idempotency key',
    meaning: 'The Idempotency-Key header has to be sent once, with 1 to 255 printable ASCII characters.',
  },
  invalid_if_match: {
    status: 400,
    title: 'Invalid If-Match',
    meaning: 'The If-Match header has to be one ETag as it was answered, in its quotes, or *.',
  },
  unauthorized: {
    status: 401,
    title: 'Unauthorized',
    meaning: 'The request carries no key that is valid now.',
  },
  forbidden: {
    status: 403,
    title: 'Forbidden',
    meaning: 'The key is valid and may not do this.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    meaning: 'There is nothing here, or nothing that this key may see.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    meaning: 'The path exists and does not take this method; `Allow` lists those it takes.',
  },
  request_timeout: {
    status: 408,
    title: 'Request timeout',
    meaning: 'The headers or the whole request took longer to arrive than the server waits. Send it again.',
  },
  idempotency_key_in_use: {
    status: 409,
    title: 'Idempotency key in use',
    meaning: 'The first request with this idempotency key is still running. Send it again in a moment to get its answer.',
  },
  idempotency_answer_dropped: {
    status: 409,
    title: 'Answer dropped',
    meaning:
      'The first request with this idempotency key was done, and its answer carried a secret that is kept for one hour only. ' +
      'Read what it made; make a new secret where this one is lost.',
  },
  version_conflict: {
    status: 412,
    title: 'Version conflict',
    meaning: 'If-Match names another version than the current one. Read it again, apply the change to it, send it again.',
  },
  payload_too_large: {
    status: 413,
    title: 'Payload too large',
    meaning: 'The body is longer than this route takes.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    meaning: 'The body has to be uncompressed application/json in UTF-8 (for PATCH also application/merge-patch+json).',
  },
  invalid_field: {
    status: 422,
    title: 'Invalid field',
    meaning: 'Fields of the body have the wrong type or value; `errors` lists all of them.',
  },
  unknown_field: {
    status: 422,
    title: 'Unknown field',
    meaning: 'Fields of the body are unknown to this route or can only be read; `errors` lists all of them.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency key reused',
    meaning: 'The idempotency key was used with another body. A new request needs a new key.',
  },
  rate_limited: {
    status: 429,
    title: 'Rate limited',
    meaning: 'The key or the address made too many requests; `Retry-After` says in how many seconds the next one is taken.',
  },
  headers_too_large: {
    status: 431,
    title: 'Headers too large',
    meaning: 'The request line and the headers are longer than 16 KiB together.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    meaning: 'A fault of ours. Nothing was changed, and the log has the reason under the `request_id`.',
  },
  too_busy: {
    status: 503,
    title: 'Too busy',
    meaning: 'More large bodies are being read at once than there is room for. Nothing was done; send it again in a second.',
  },
  database_unavailable: {
    status: 503,
    title: 'Database unavailable',
    meaning:
      'The database could not be reached or was lost on the way. Send the request again, a write under the same idempotency key: ' +
      'then it counts once, whether the first one was committed or not.',
  },
});

/** One same answer whatever is wrong with the key, so that nobody learns which keys exist. */
export const unauthorized = (): Problem =>
  kernelProblem('unauthorized', 'Send a valid key in the header Authorization, as "Bearer <key>".', {
    headers: { 'WWW-Authenticate': 'Bearer' },
  });

/** One same answer for what does not exist and for what belongs to somebody else. */
export const notFound = (): Problem =>
  kernelProblem('not_found', 'Nothing was found under this id for the key of this request. Check both.');

/** For use cases: the version that If-Match asked for is not the current one. */
export const versionConflict = (): Problem =>
  kernelProblem(
    'version_conflict',
    'It has changed since the version named by If-Match. Read it again and apply the change to what it is now.',
  );

export const databaseUnavailable = (): Problem =>
  kernelProblem(
    'database_unavailable',
    'The database can not be reached. Send the same request again, with the same Idempotency-Key.',
    {
      headers: { 'Retry-After': String(DATABASE_RETRY_AFTER_S) },
    },
  );
