import type { Issue } from '../../bulks/index.js';
import type { Fields } from '../fields.js';

const ACCOUNT_ID_LENGTH_MAX = 255;
/** No blank at an end, and nothing that nobody sees (Unicode C): with it, an id is another one than it looks. */
const AS_IT_LOOKS = /^(?!\p{Z})\P{C}+(?<!\p{Z})$/u;
const UNSEEN = { code: 'invalid_characters', detail: 'Remove blanks at its ends, and characters that nobody sees.' } as const;

/** A wallet is paid by the account's id at the connector's provider. */
export function wallet(method: Fields): Issue[] {
  const faults = [
    ...method.required('account_id', 'Give the id of the wallet at its provider.'),
    ...method.line('account_id', ACCOUNT_ID_LENGTH_MAX),
  ];
  return faults.length > 0 ? faults : method.checked('account_id', (id) => AS_IT_LOOKS.test(id), UNSEEN);
}
