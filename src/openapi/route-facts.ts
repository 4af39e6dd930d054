import { type INestApplicationContext, type PipeTransform, RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { DECORATORS } from '@nestjs/swagger';
import {
  CARRIES_SECRET,
  CONDITIONAL,
  type IdPipe,
  OPERATION,
  type OperationNotes,
  OPERATOR_ROUTE,
  PageQuery,
  PUBLIC,
  SCOPES,
} from '../platform/http/index.js';
import type { IdKind } from '../platform/ids/index.js';
import { classOf } from './declared-order.js';

/** What a route's decorators and parameters say of it. */
export interface RouteFacts {
  readonly method: string;
  /** What `@Operation` says. */
  readonly notes: OperationNotes;
  readonly caller: 'nobody' | 'operator' | 'merchant';
  readonly scopes: readonly string[];
  /** Its path names something by an id: parameter and kind. */
  readonly ids: ReadonlyMap<string, IdKind>;
  readonly readsPage: boolean;
  readonly readsIfMatch: boolean;
  readonly carriesSecret: boolean;
  /** Classes of its body and its answers. */
  readonly shapes: readonly Type[];
}

type Handler = (...args: never[]) => unknown;

interface ReadArgument {
  readonly index: number;
  readonly data?: unknown;
  readonly pipes?: readonly (Type<PipeTransform> | PipeTransform)[];
}

/** The name of a route between here and the document, until it gets the one of its `@Operation`. */
export const routeKey = (controller: string, handler: string): string => `${controller}.${handler}`;

/** Every route of the application by its key. Nothing has to run for this: it is all in the metadata. */
export function factsOfRoutes(app: INestApplicationContext): Map<string, RouteFacts> {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  const scanner = new MetadataScanner();
  const routes = new Map<string, RouteFacts>();
  for (const { metatype } of controllers) {
    if (typeof metatype !== 'function') continue;
    const prototype = metatype.prototype as Readonly<Record<string, Handler>>;
    for (const name of scanner.getAllMethodNames(prototype)) {
      const handler = prototype[name];
      if (handler === undefined || !Reflect.hasMetadata(METHOD_METADATA, handler)) continue;
      routes.set(routeKey(metatype.name, name), factsOf(metatype, name, handler));
    }
  }
  return routes;
}

function factsOf(controller: object, name: string, handler: Handler): RouteFacts {
  const own = <Value>(key: symbol): Value | undefined => Reflect.getMetadata(key, handler) as Value | undefined;
  const eitherOf = <Value>(key: symbol): Value | undefined =>
    own<Value>(key) ?? (Reflect.getMetadata(key, controller) as Value | undefined);
  const notes = own<OperationNotes>(OPERATION);
  if (notes === undefined) throw new Error(`${routeKey(nameOf(controller), name)} has no @Operation('verbNoun') to be called by`);
  const args = argumentsOf(controller, name);
  const types = (Reflect.getMetadata('design:paramtypes', prototypeOf(controller), name) ?? []) as readonly Type[];
  return {
    method: RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod],
    notes,
    caller: eitherOf(PUBLIC) === true ? 'nobody' : eitherOf(OPERATOR_ROUTE) === true ? 'operator' : 'merchant',
    scopes: eitherOf<readonly string[]>(SCOPES) ?? [],
    ids: new Map(args.flatMap(idOfArgument)),
    readsPage: args.some(([kind, { index }]) => kind === RouteParamtypes.QUERY && isPageQuery(types[index])),
    readsIfMatch: own(CONDITIONAL) === true,
    carriesSecret: own(CARRIES_SECRET) === true,
    shapes: [
      ...args.flatMap(([kind, { index }]) => (kind === RouteParamtypes.BODY ? classOf(types[index]) : [])),
      ...writtenTypes(handler).flatMap(classOf),
    ],
  };
}

const KINDS = [RouteParamtypes.BODY, RouteParamtypes.QUERY, RouteParamtypes.PARAM] as const;

/** Nest's own record: `<kind>:<position>`; parameters of other kinds say nothing to a client. */
function argumentsOf(controller: object, name: string): [RouteParamtypes, ReadArgument][] {
  const record = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Readonly<Record<string, ReadArgument>>;
  return Object.entries(record).flatMap(([key, argument]) => {
    const kind = KINDS.find((each) => key.startsWith(`${String(each)}:`));
    return kind === undefined ? [] : [[kind, argument]];
  });
}

function idOfArgument([kind, { data, pipes = [] }]: [RouteParamtypes, ReadArgument]): [string, IdKind][] {
  const [pipe] = pipes;
  if (kind !== RouteParamtypes.PARAM || typeof data !== 'string' || pipe === undefined || !('kind' in pipe)) return [];
  return [[data, (pipe as IdPipe).kind]];
}

/** What `@ApiBody`, `@ApiResponse` and the compiler plugin wrote down of bodies and answers. */
function writtenTypes(handler: Handler): unknown[] {
  const bodies = (Reflect.getMetadata(DECORATORS.API_PARAMETERS, handler) ?? []) as readonly Typed[];
  const answers = (Reflect.getMetadata(DECORATORS.API_RESPONSE, handler) ?? {}) as Readonly<Record<string, Typed>>;
  return [...bodies, ...Object.values(answers)].map(({ type, isArray }) => (isArray === true ? [type] : type));
}

interface Typed {
  readonly type?: unknown;
  readonly isArray?: boolean;
}

const isPageQuery = (type: Type | undefined): boolean => type === PageQuery || type?.prototype instanceof PageQuery;
const nameOf = (controller: object): string => (controller as Type).name;
const prototypeOf = (controller: object): object => (controller as Type).prototype as object;
