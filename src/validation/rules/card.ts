import type { Issue } from '../../bulks/index.js';
import type { Fields } from '../fields.js';

/** Visible ASCII: every vault's tokens are. */
const TOKEN = /^[\x21-\x7e]+$/;

/** A card is paid by the token that stands for it. */
export const card = (method: Fields): Issue[] => [
  ...method.required('token', 'Give the token of the card from your vault or provider; card numbers are never taken.'),
  ...method.checked('token', (token) => TOKEN.test(token), {
    code: 'invalid_field',
    detail: 'Send the token as your vault gave it: visible ASCII characters without spaces.',
  }),
];
