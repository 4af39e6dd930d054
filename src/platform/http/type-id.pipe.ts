import type { PipeTransform } from '@nestjs/common';
import { fromTypeId, type IdKind } from '../ids/index.js';
import { notFound } from './kernel.problems.js';

/** Says which ids it takes, for the API document. */
export interface IdPipe extends PipeTransform<string, string> {
  readonly kind: IdKind;
}

/** The uuid behind an id in the path: `@Param('id', idOf('merchant')) id: string`. What is no such id was not found. */
export const idOf = (kind: IdKind): IdPipe => ({
  kind,
  transform(id) {
    const uuid = fromTypeId(kind, id);
    if (uuid === null) throw notFound();
    return uuid;
  },
});
