import type { ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import { invalidQuery } from './dto.pipe.js';
import type { HttpRequest } from './http-request.js';
import type { Problem } from './problem.js';

/** The kinds of parameters that see the query, as Nest writes them down: `<kind>:<position>`. */
const READ_QUERY = new Set<string | undefined>([RouteParamtypes.QUERY, RouteParamtypes.REQUEST].map(String));

/** The refusal of a query at a route that declares none, or null. A misspelt filter that is ignored would lie. */
export function refuseStrayQuery(context: ExecutionContext, request: HttpRequest): Problem | null {
  const names = Object.keys(request.query);
  if (names.length === 0 || readsQuery(context)) return null;
  return invalidQuery(names.map((name) => ({ name, detail: 'This route has no such parameter.' })));
}

/** Whether the handler has a `@Query()` or takes the request as a whole, by Nest's own record of its parameters. */
function readsQuery(context: ExecutionContext): boolean {
  const record = (Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name) ?? {}) as object;
  return Object.keys(record).some((key) => READ_QUERY.has(key.split(':')[0]));
}
