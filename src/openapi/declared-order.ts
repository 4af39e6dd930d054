import type { Type } from '@nestjs/common';
import { DECORATORS } from '@nestjs/swagger';

/**
 * The members of every class that the document shows, by the name of the class, in the order in which the class declares
 * them. @nestjs/swagger lists decorated members first, and an answer that begins in the middle is hard to read.
 * @param roots classes of bodies and answers; those of their members are found from there.
 */
export function declaredOrder(roots: Iterable<Type>): Map<string, readonly string[]> {
  const order = new Map<string, readonly string[]>();
  const open = [...roots];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (order.has(next.name)) continue;
    // Fields are defined by the constructor, inherited ones first; a DTO's does nothing else.
    order.set(next.name, Object.keys(new next() as object));
    open.push(...classesOfMembers(next));
  }
  return order;
}

function classesOfMembers({ prototype }: Type): Type[] {
  const members = (Reflect.getMetadata(DECORATORS.API_MODEL_PROPERTIES_ARRAY, prototype as object) ?? []) as readonly string[];
  return members.flatMap((member) => {
    const written = Reflect.getMetadata(DECORATORS.API_MODEL_PROPERTIES, prototype as object, member.slice(1)) as {
      type?: unknown;
    };
    return classOf(written.type);
  });
}

/** A class, a list of one class, or the function called `type` that gives either, as the compiler plugin writes it. */
export function classOf(type: unknown): Type[] {
  if (Array.isArray(type)) return type.flatMap(classOf);
  if (typeof type !== 'function' || PRIMITIVES.has(type)) return [];
  return type.name === 'type' ? classOf((type as () => unknown)()) : [type as Type];
}

const PRIMITIVES: ReadonlySet<unknown> = new Set([String, Number, Boolean, Object, Array, Date]);
