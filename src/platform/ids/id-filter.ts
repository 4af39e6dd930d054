import { fromTypeId, type IdKind } from './type-id.js';

/** No row has it, and none is lower (RFC 9562 5.9). */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/** The uuid to filter a list by, null where there is no filter. What is no id of the kind matches nothing, as a foreign id does. */
export const idFilter = (kind: IdKind, id: string | undefined): string | null =>
  id === undefined ? null : (fromTypeId(kind, id) ?? NIL_UUID);
