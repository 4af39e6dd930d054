import type { Issue } from '../../bulks/index.js';
import type { Fields } from '../fields.js';

const ACCOUNT_ID_LENGTH_MAX = 255;

/** A wallet is paid by the account's id at the connector's provider. */
export const wallet = (method: Fields): Issue[] => [
  ...method.required('account_id', 'Give the id of the wallet at its provider.'),
  ...method.line('account_id', ACCOUNT_ID_LENGTH_MAX),
];
