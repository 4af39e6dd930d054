import { isValidPhoneNumber } from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/metadata.max.json';
import { memoize } from '../platform/memory/index.js';

const E164 = /^\+[1-9]\d{6,14}$/;
/** A look-up in the numbering plans takes 15 to 30 microseconds; the numbers of the largest bulk (15,000) fit twice. */
const NUMBERS_MAX = 30_000;

const isAssigned = memoize(NUMBERS_MAX, (number) => isValidPhoneNumber(number, metadata));

/** E.164 (`+493012345678`, no spaces), and a number that the plan of its country has. */
export const isPhoneNumber = (text: string): boolean => E164.test(text) && isAssigned(text);

/** RFC 5321 section 4.5.3.1. */
const EMAIL_LENGTH_MAX = 254;
const LOCAL_PART_LENGTH_MAX = 64;
/** Nor what nobody sees (Unicode Cf): with it, an address is another one than it looks. */
const LOCAL_PART = /^[^\s@"(),:;<>[\\\]\p{Cc}\p{Cf}.]+(?:\.[^\s@"(),:;<>[\\\]\p{Cc}\p{Cf}.]+)*$/u;
/** Labels of letters (of any script), digits and inner hyphens; at least two of them, the last not of digits alone. */
const DOMAIN =
  /^(?:[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?\.)+(?!\p{N}+$)[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])$/u;

/** An address that mail can be sent to: dot-atoms only, no quoted local part, no address literal. */
export function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  const local = text.slice(0, Math.max(at, 0));
  return (
    text.length <= EMAIL_LENGTH_MAX &&
    local.length <= LOCAL_PART_LENGTH_MAX &&
    LOCAL_PART.test(local) &&
    DOMAIN.test(text.slice(at + 1))
  );
}

export const PHONE_NUMBER_DETAIL =
  'Write the number as E.164 with its country code, without spaces: +493012345678. It must exist in the plan of its country.';
export const EMAIL_DETAIL = 'Write an e-mail address such as ada@example.com.';
