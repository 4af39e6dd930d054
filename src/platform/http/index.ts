export {
  Guest,
  GuestRoute,
  Merchant,
  OPERATOR_ROUTE,
  Operator,
  OperatorRoute,
  PUBLIC,
  Public,
  ReadsKey,
  SCOPES,
  Scopes,
} from './access.decorators.js';
export { answerOfProblem } from './answer.js';
export { bearerOf } from './authenticated.guard.js';
export { canonicalJson } from './canonical-json.js';
export { configureHttp } from './configure-http.js';
export {
  CREDENTIALS,
  type Caller,
  type Credentials,
  type GuestPrincipal,
  type MerchantPrincipal,
  type OperatorPrincipal,
} from './credentials.js';
export { jsonRefusal, type Dialect, type ForeignRefusal } from './dialect.js';
export { IfMatch, setEtag } from './etag.js';
export type { HttpRequest } from './http-request.js';
export { HttpServer } from './http-server.js';
export {
  forgetAnswersAbout,
  forgetIdempotencyKeys,
  forgetIdempotencySecrets,
  sealedIdempotencyKeys,
} from './idempotency-keys.js';
export { pointerTo } from './json-pointer.js';
export { kernelProblem, notFound, unauthorized, versionConflict } from './kernel.problems.js';
export { KeysetList, invalidCursor, toList, type KeysetPage, type List } from './keyset-list.js';
export { IsMetadata, IsMetadataPatch, mergeMetadata, type MetadataPatch } from './metadata.js';
export { CONDITIONAL, OPERATION, Operation, type OperationNotes } from './operation.decorator.js';
export { PageQuery } from './page-query.dto.js';
export * from './problem.js';
export { FormBody, LargeBody } from './read-request.interceptor.js';
export {
  CARRIES_SECRET,
  CarriesSecret,
  Prepared,
  PreparedBy,
  RequestTx,
  type Preparation,
} from './request-transaction.decorators.js';
export { speaks } from './speaks.middleware.js';
export { idOf, type IdPipe } from './type-id.pipe.js';
export { Verbatim } from './verbatim.decorator.js';
