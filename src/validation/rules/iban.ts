import { validateIBAN, ValidationErrorsIBAN } from 'ibantools';
import type { Issue } from '../../bulks/index.js';
import { isCountry } from '../countries.js';
import type { Fields } from '../fields.js';

/** ISO 9362: four for the party, two for the country, two for the place, three for the branch or none. */
const BIC = /^[A-Z0-9]{4}([A-Z]{2})[A-Z0-9]{2}(?:[A-Z0-9]{3})?$/;

/**
 * Countries whose banks issue IBANs under another country's code (the SWIFT IBAN registry names them): by the country of
 * the IBAN, the countries that a BIC beside it may have as well.
 */
const ALSO_BIC_OF: ReadonlyMap<string, readonly string[]> = new Map([
  ['GB', ['GG', 'IM', 'JE']],
  ['FR', ['BL', 'GF', 'GP', 'MC', 'MF', 'MQ', 'NC', 'PF', 'PM', 'RE', 'TF', 'WF', 'YT']],
  ['MC', ['FR']],
  ['FI', ['AX']],
]);

/** An IBAN by itself: country, length, form of the country and checksum; with a BIC of the same country, or without. */
export function ibanIssues(method: Fields): Issue[] {
  const iban = method.text('iban');
  const bic = method.text('bic');
  const fault = iban === null ? null : ibanFault(iban);
  const issues = fault === null ? [] : [method.issue('invalid_iban', 'iban', fault)];
  if (bic === null) return issues;
  const country = BIC.exec(bic)?.[1];
  if (country === undefined || !isCountry(country)) {
    return [
      ...issues,
      method.issue(
        'invalid_bic',
        'bic',
        'Write the 8 or 11 characters of the BIC in upper case, such as COBADEFFXXX, or leave it out.',
      ),
    ];
  }
  if (
    iban === null ||
    fault !== null ||
    country === iban.slice(0, 2) ||
    ALSO_BIC_OF.get(iban.slice(0, 2))?.includes(country) === true
  )
    return issues;
  return [
    ...issues,
    method.issue('invalid_bic', 'bic', 'This is the BIC of a bank in another country than the IBAN; mend it or leave it out.'),
  ];
}

/** What is wrong about it and how to mend it, or null. */
function ibanFault(iban: string): string | null {
  if (/[\s-]/.test(iban) || iban !== iban.toUpperCase())
    return 'Write the IBAN in its electronic form: upper case, without spaces and dashes.';
  const { errorCodes } = validateIBAN(iban);
  // The check digits that some countries have inside the account number are theirs to change: ISO 13616 does not ask for them.
  const [first] = errorCodes.filter((code) => code !== ValidationErrorsIBAN.WrongAccountBankBranchChecksum);
  switch (first) {
    case undefined:
      return null;
    case ValidationErrorsIBAN.NoIBANProvided:
    case ValidationErrorsIBAN.NoIBANCountry:
      return 'An IBAN begins with the code of a country that has IBANs; give the account by its country, bank code and number instead.';
    case ValidationErrorsIBAN.WrongBBANLength:
      return 'This IBAN is too short or too long for its country; compare it with the account holder’s.';
    case ValidationErrorsIBAN.WrongBBANFormat:
      return 'This IBAN has not the form of its country; compare it with the account holder’s.';
    default:
      return 'The check digits of this IBAN are wrong: at least one character is; compare it with the account holder’s.';
  }
}
