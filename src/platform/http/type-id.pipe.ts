import type { PipeTransform } from '@nestjs/common';
import { fromTypeId, type IdKind } from '../ids/index.js';
import { notFound } from './kernel.problems.js';

/** The uuid behind an id in the path: `@Param('id', idOf('merchant')) id: string`. What is no such id was not found. */
export const idOf = (kind: IdKind): PipeTransform<string, string> => ({
  transform(id) {
    const uuid = fromTypeId(kind, id);
    if (uuid === null) throw notFound();
    return uuid;
  },
});
