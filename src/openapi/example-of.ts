import { isObject, type JsonMembers } from '../platform/json/index.js';

const INSTANT = '2026-11-21T12:00:00.000Z';

/**
 * A whole value of this schema, put together from the examples of its members. A member without one is left out where it
 * may be, and null, false or an instant where it may be that.
 * @throws where a required member leaves nothing to choose: it needs an `@example` in its comment.
 */
export class Examples {
  constructor(private readonly schemas: Readonly<Record<string, unknown>>) {}

  of(schema: unknown, where: string): unknown {
    const found = this.find(schema, where);
    if (found === undefined) throw new Error(`${where} has no example; give it an @example in its comment`);
    return found;
  }

  /** Whether a value of this schema has to have some member. */
  needs(schema: unknown): boolean {
    if (!isObject(schema)) return false;
    const { $ref, required } = schema;
    if (typeof $ref === 'string') return this.needs(this.schemas[nameIn($ref)]);
    return Array.isArray(required) && required.length > 0;
  }

  /** Of a member that may be left out: nothing is made up for it. */
  private given(schema: unknown, where: string): unknown {
    if (!isObject(schema)) return undefined;
    const { examples, default: usual, $ref, anyOf, properties, type } = schema;
    const isGiven = [examples, usual, $ref, anyOf, properties].some((part) => part !== undefined) || isType(type, 'array');
    return isGiven ? this.find(schema, where) : undefined;
  }

  private find(schema: unknown, where: string): unknown {
    if (!isObject(schema)) return undefined;
    const { examples, $ref, enum: values, anyOf, default: usual } = schema;
    if (Array.isArray(examples)) return examples[0] as unknown;
    if (typeof $ref === 'string') return this.ofReference($ref);
    if ('const' in schema) return schema['const'];
    if (usual !== undefined) return usual;
    if (Array.isArray(values)) return values[0] as unknown;
    if (Array.isArray(anyOf)) return this.find(anyOf[0], where);
    return this.ofType(schema, where);
  }

  private ofReference($ref: string): unknown {
    const name = nameIn($ref);
    return this.of(this.schemas[name], name);
  }

  private ofType(schema: JsonMembers, where: string): unknown {
    const { type, items, format, properties } = schema;
    if (type === 'object' && isObject(properties)) return this.ofMembers(schema, properties, where);
    const element = isType(type, 'array') ? this.find(items, where) : undefined;
    if (element !== undefined) return [element];
    if (isType(type, 'null')) return null;
    if (type === 'boolean') return false;
    return type === 'string' && format === 'date-time' ? INSTANT : undefined;
  }

  private ofMembers({ required }: JsonMembers, properties: JsonMembers, where: string): JsonMembers {
    const needed = new Set(Array.isArray(required) ? (required as string[]) : []);
    return Object.fromEntries(
      Object.entries(properties).flatMap(([name, schema]) => {
        const place = `${where}.${name}`;
        const value = needed.has(name) ? this.of(schema, place) : this.given(schema, place);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }
}

const isType = (type: unknown, wanted: string): boolean => type === wanted || (Array.isArray(type) && type.includes(wanted));
const nameIn = ($ref: string): string => $ref.replace('#/components/schemas/', '');
