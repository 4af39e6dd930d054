import type { INestApplication, Type } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { isObject, type JsonMembers } from '../platform/json/index.js';
import { declaredOrder } from './declared-order.js';
import { type RouteFacts, routeKey } from './route-facts.js';
import { toDialect31 } from './schema-dialect.js';

/** What can be read off signatures and comments alone. */
export interface Draft {
  readonly paths: JsonMembers;
  readonly schemas: JsonMembers;
}

/** @param modules whose routes it is about. */
export function draftDocument(app: INestApplication, modules: Type[], routes: ReadonlyMap<string, RouteFacts>): Draft {
  const drafted = SwaggerModule.createDocument(app, new DocumentBuilder().build(), {
    include: modules,
    operationIdFactory: routeKey,
  });
  const { paths, components } = toDialect31(JSON.parse(withoutSuffix(JSON.stringify(drafted)))) as {
    paths: JsonMembers;
    components: { schemas?: JsonMembers };
  };
  // Of these modules alone: other doors have shapes of the same names.
  const described = Object.values(paths).flatMap((item) => (isObject(item) ? Object.values(item) : []));
  const own = described.flatMap((operation) => (isObject(operation) ? (routes.get(String(operation['operationId'])) ?? []) : []));
  const order = declaredOrder(own.flatMap(({ shapes }) => shapes));
  return { paths, schemas: inDeclaredOrder(components.schemas ?? {}, order) };
}

function inDeclaredOrder(schemas: JsonMembers, order: ReadonlyMap<string, readonly string[]>): JsonMembers {
  const ofSchema = new Map([...order].map(([name, members]) => [name.replace(/Dto$/, ''), members]));
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const properties = isObject(schema) && isObject(schema['properties']) ? schema['properties'] : {};
      const declared = (ofSchema.get(name) ?? []).filter((member) => Object.hasOwn(properties, member));
      const sorted: JsonMembers = Object.fromEntries(declared.map((member) => [member, properties[member]]));
      return [name, { ...(schema as JsonMembers), properties: { ...sorted, ...properties } }];
    }),
  );
}

/** In the code a DTO is told from the row that it shows; to a client it is the thing itself. */
const withoutSuffix = (document: string): string =>
  document.replace(/"#\/components\/schemas\/(\w+)Dto"/g, '"#/components/schemas/$1"').replace(/"(\w+)Dto":\{/g, '"$1":{');

/** Every operation of the draft, described with the facts of its route. */
export function describePaths(
  paths: JsonMembers,
  routes: ReadonlyMap<string, RouteFacts>,
  describe: (operation: JsonMembers, route: RouteFacts) => JsonMembers,
): (readonly [path: string, JsonMembers])[] {
  return Object.entries(paths).map(([path, item]) => {
    const operations = isObject(item) ? Object.entries(item) : [];
    const described = operations.map(([method, operation]) => {
      const key = isObject(operation) ? String(operation['operationId']) : '';
      const facts = routes.get(key);
      if (facts === undefined || !isObject(operation)) throw new Error(`${key} is in the document and in no module`);
      return [method, describe(operation, facts)] as const;
    });
    return [path, Object.fromEntries(described)] as const;
  });
}
