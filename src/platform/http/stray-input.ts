import type { ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import { invalidQuery, refuseMembers } from './dto.pipe.js';
import type { HttpRequest } from './http-request.js';

/** A misspelt filter that is ignored would lie. @throws `invalid_query` for any query at a route that declares none. */
export function refuseStrayQuery(context: ExecutionContext, request: HttpRequest): void {
  const names = Object.keys(request.query);
  if (names.length === 0 || request.dialect !== undefined || declares(context, RouteParamtypes.QUERY)) return;
  throw invalidQuery(names.map((name) => ({ name, detail: 'This route has no such parameter.' })));
}

/** What is ignored is lost without a word. @throws `unknown_field` for any member at a route that declares no body. */
export function refuseStrayBody(context: ExecutionContext, request: HttpRequest): void {
  if (request.dialect === undefined && !declares(context, RouteParamtypes.BODY)) refuseMembers(request.body);
}

/** Whether the handler has a parameter of this kind, by Nest's own record of them: `<kind>:<position>`. */
function declares(context: ExecutionContext, kind: RouteParamtypes): boolean {
  const record = (Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name) ?? {}) as object;
  return Object.keys(record).some((key) => key.startsWith(`${String(kind)}:`));
}
