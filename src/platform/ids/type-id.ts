import { TypeID } from 'typeid-js';
import { v7 } from 'uuid';

/** Every noun that has an id in the API; the word is the id's prefix. */
export type IdKind =
  | 'merchant'
  | 'key'
  | 'bulk'
  | 'payout'
  | 'intent'
  | 'attempt'
  | 'event'
  | 'endpoint'
  | 'delivery'
  | 'resend'
  | 'connector'
  | 'link'
  | 'req';

/** A fresh UUIDv7: rises with time, so that primary keys append instead of scattering. */
export const newUuid = (): string => v7();

/** The id as the API shows it (TypeID 0.3: prefix, underscore, 26 characters of base32). */
export const toTypeId = (kind: IdKind, uuid: string): string => TypeID.fromUUID(kind, uuid).toString();

/** The uuid behind an id of this kind, or null where the text is no such id (which callers answer as not found). */
export function fromTypeId(kind: IdKind, id: string): string | null {
  try {
    const uuid = TypeID.fromString(id, kind).toUUID();
    return toTypeId(kind, uuid) === id ? uuid : null;
  } catch {
    return null;
  }
}

/** What ids of this kind look like, as a regular expression for schemas. */
export const typeIdPattern = (kind: IdKind): string => `^${kind}_[0-7][0-9a-hjkmnp-tv-z]{25}$`;
