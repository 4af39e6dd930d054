import type { Request } from 'express';
import type { Tx } from '../database/index.js';
import type { Caller } from './credentials.js';
import type { Dialect } from './dialect.js';

/** A request as the kernel passes it on; each member names the step that fills it in. */
export interface HttpRequest extends Request {
  /** `req_…`, by the request id middleware: the answer's `Request-Id`. */
  requestId: string;
  /** By the middleware of a door; absent where the native contract is spoken. */
  dialect?: Dialect;
  /** By the guard `Authenticated`. Absent until it has run, so for every request that no route takes. */
  caller?: Caller;
  /** The bytes as they came, by `ReadRequest`: what a signature is checked against. */
  rawBody?: Buffer;
  /** The parsed JSON, by `ReadRequest`; undefined where no body came. */
  body: unknown;
  /** By `RequestTransaction`, on writes. */
  tx?: Tx;
  /** By `RequestTransaction`: what the route's `@PreparedBy` found out before the transaction began. */
  prepared?: unknown;
}
