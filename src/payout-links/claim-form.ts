import type { IssueDto, JsonObject } from '../bulks/index.js';
import { isStorable, lengthOf } from '../platform/text/index.js';
import type { Receiver } from './claim-payout-link.js';

/** The ways to be paid that the page offers, each with the fields that it needs. */
export const FORM_METHODS = {
  paypal: ['email'],
  us_account: ['routing_number', 'account_number', 'account_type'],
  iban: ['iban'],
} as const;
export type FormMethod = keyof typeof FORM_METHODS;

const NAMES = ['first_name', 'last_name'] as const;
type MethodField = (typeof FORM_METHODS)[FormMethod][number];
export type FormField = (typeof NAMES)[number] | 'method' | MethodField;

/** What the merchant has to mend. */
export const NOT_NOW = 'It can not be paid at the moment. Tell whoever gave you the link.';

/** As long as the longest of what validation takes. */
const FIELD_LENGTH_MAX = 254;

/** What the form was filled in with. */
export type FormValues = Readonly<Partial<Record<FormField, string>>>;
/** By the field; `form` has what no field is to blame for. */
export type FormErrors = Readonly<Partial<Record<FormField | 'form', string>>>;

const FIELDS: readonly FormField[] = [...NAMES, 'method', ...Object.values(FORM_METHODS).flat()];

const isFormMethod = (text: string | undefined): text is FormMethod => text !== undefined && Object.hasOwn(FORM_METHODS, text);

/** Reads what a browser sent; what the page has no field for is ignored. */
export function readForm(body: unknown): FormValues {
  const sent = (typeof body === 'object' && body !== null ? body : {}) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    FIELDS.flatMap((name) => {
      const value = Object.hasOwn(sent, name) ? sent[name] : undefined;
      return typeof value === 'string' ? [[name, value.trim()]] : [];
    }),
  );
}

/** What the form itself can see: whether the fields of the chosen way are filled in. */
export function checkForm(values: FormValues): FormErrors {
  const { method } = values;
  const needed: readonly FormField[] = isFormMethod(method) ? [...NAMES, ...FORM_METHODS[method]] : [...NAMES, 'method'];
  return Object.fromEntries(
    needed.flatMap((name): [FormField, string][] => {
      const value = values[name] ?? '';
      if (name === 'method') return [[name, 'Choose how you want to be paid.']];
      if (value === '') return [[name, 'Fill this in.']];
      return isStorable(value) && lengthOf(value) <= FIELD_LENGTH_MAX ? [] : [[name, 'Shorten this, or type it anew.']];
    }),
  );
}

/** Who the form says is paid, and how. Only what belongs to the chosen way is read. */
export function receiverOfForm(values: FormValues): Receiver {
  const { first_name = '', last_name = '' } = values;
  const account_holder = `${first_name} ${last_name}`;
  return { payout_method: methodOf(values, account_holder), billing_data: { first_name, last_name } };
}

function methodOf(values: FormValues, account_holder: string): JsonObject {
  const { method, email = '', routing_number = '', account_number = '', account_type = '', iban = '' } = values;
  switch (isFormMethod(method) ? method : 'paypal') {
    case 'paypal':
      return { type: 'paypal', email };
    case 'us_account':
      return {
        type: 'bank_account',
        ...{ routing_number, account_number: digitsOf(account_number), account_type },
        account_holder,
      };
    case 'iban':
      return { type: 'bank_account', iban: iban.replace(/\s/g, ''), account_holder };
  }
}

const digitsOf = (text: string): string => text.replace(/[\s-]/g, '');

/** What validation has found, beside the fields that it is about. Amounts and routes are not the receiver's to mend. */
export function errorsOf(issues: readonly IssueDto[]): FormErrors {
  const errors: Partial<Record<FormField | 'form', string>> = {};
  for (const { code, pointer, detail } of issues) {
    const member = pointer.split('/').at(-1) ?? '';
    const field = member === 'account_holder' ? 'last_name' : FIELDS.find((each) => each === member);
    if (code === 'no_route') errors.method ??= 'Whoever pays you can not pay this way. Choose another.';
    else if (field !== undefined) errors[field] ??= detail;
    else errors.form ??= NOT_NOW;
  }
  return errors;
}
