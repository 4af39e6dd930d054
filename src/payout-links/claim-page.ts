import { formatAmount } from '../platform/money/index.js';
import type { FormErrors, FormField, FormValues } from './claim-form.js';
import { escaped, page } from './page-markup.js';
import type { PayoutLink } from './payout-link.js';

/** One line to type into. */
interface TextField {
  readonly name: FormField;
  readonly label: string;
  readonly hint?: string;
  /** What a browser may fill in by itself (HTML, section 4.10.18.7). */
  readonly autocomplete: string;
  readonly inputmode?: 'numeric' | 'email';
}

const NAMES: readonly TextField[] = [
  { name: 'first_name', label: 'First name', autocomplete: 'given-name' },
  { name: 'last_name', label: 'Last name', autocomplete: 'family-name' },
];
const EMAIL: TextField = {
  name: 'email',
  label: 'E-mail address of your PayPal account',
  autocomplete: 'email',
  inputmode: 'email',
};
const ROUTING_NUMBER: TextField = {
  ...{ name: 'routing_number', label: 'Routing number', hint: '9 digits', autocomplete: 'off', inputmode: 'numeric' },
};
const ACCOUNT_NUMBER: TextField = {
  ...{ name: 'account_number', label: 'Account number', autocomplete: 'off', inputmode: 'numeric' },
};
const IBAN: TextField = { name: 'iban', label: 'IBAN', hint: 'It begins with two letters.', autocomplete: 'off' };

const amountOf = ({ amount_minor, currency }: PayoutLink): string =>
  `${escaped(formatAmount(BigInt(amount_minor), currency))} ${escaped(currency)}`;

/** The form of a link that waits to be claimed. Without JavaScript, so every way to be paid shows its fields. */
export function claimPage(link: PayoutLink, values: FormValues = {}, errors: FormErrors = {}): string {
  const entry = new Entry(values, errors);
  const { memo } = link.details;
  return page(
    `${Object.keys(errors).length === 0 ? '' : 'Error: '}You are being paid`,
    `<h1>You are being paid ${amountOf(link)}</h1>
<p>by ${escaped(link.merchant_name)}${memo === null ? '' : `, who writes:</p><blockquote><p>${escaped(memo)}</p></blockquote><p>`}</p>
${entry.summary()}
<form method="post" autocomplete="on" novalidate>
<fieldset><legend>Who are you?</legend>
${NAMES.map((field) => entry.text(field)).join('\n')}
</fieldset>
<fieldset id="method"${entry.describedBy('method')}><legend>How do you want to be paid?</legend>
<p class="hint">Choose one, and fill in what belongs to it.</p>
${entry.error('method')}
${entry.radio('method', 'paypal', 'PayPal')}
<div class="part">${entry.text(EMAIL)}</div>
${entry.radio('method', 'us_account', 'Bank account in the United States')}
<div class="part">${[ROUTING_NUMBER, ACCOUNT_NUMBER].map((field) => entry.text(field)).join('\n')}
<fieldset id="account_type"${entry.describedBy('account_type')}><legend>Kind of account</legend>
${entry.error('account_type')}
${entry.radio('account_type', 'checking', 'Checking')}
${entry.radio('account_type', 'savings', 'Savings')}
</fieldset></div>
${entry.radio('method', 'iban', 'Bank account with an IBAN')}
<div class="part">${entry.text(IBAN)}</div>
</fieldset>
<p>This link works once. Check what you have written.</p>
<button type="submit">Get ${amountOf(link)}</button>
</form>`,
  );
}

export const claimedPage = (link: PayoutLink): string =>
  page(
    'You will be paid',
    `<h1>You will be paid ${amountOf(link)}</h1>
<p>We have what is needed. How long it takes depends on how you are paid. You can close this page; the link is used up.</p>`,
  );

/** The same for a link that was claimed, cancelled, has expired or never was: nobody learns which. */
export const DEAD_LINK_PAGE = page(
  'This link does not work',
  `<h1>This link does not work</h1>
<p>It may have been used already, may have ended, or was not copied whole. Ask whoever gave it to you for another.</p>`,
);

/** @param sentence what to do. */
export const refusalPage = (sentence: string): string =>
  page('That did not work', `<h1>That did not work</h1>\n<p>${escaped(sentence)}</p>`);

/** The fields of a form as it was filled in, each tied to what is wrong with it. */
class Entry {
  constructor(
    private readonly values: FormValues,
    private readonly errors: FormErrors,
  ) {}

  /** Leads to every error: a screen reader begins here. */
  summary(): string {
    const faults = Object.entries(this.errors);
    if (faults.length === 0) return '';
    const items = faults.map(([name, error]) =>
      name === 'form'
        ? `<li>${escaped(error)}</li>`
        : `<li><a href="#${name}">${escaped(LABELS[name] ?? '')}: ${escaped(error)}</a></li>`,
    );
    return `<div class="errors" role="alert"><h2>Nothing was sent yet</h2><ul>${items.join('')}</ul></div>`;
  }

  error(name: FormField): string {
    const error = this.errors[name];
    return error === undefined ? '' : `<p class="error" id="${name}-error">${escaped(error)}</p>`;
  }

  describedBy(name: FormField, hint?: string): string {
    const ids = [...(hint === undefined ? [] : [`${name}-hint`]), ...(this.errors[name] === undefined ? [] : [`${name}-error`])];
    const invalid = this.errors[name] === undefined ? '' : ' aria-invalid="true"';
    return `${ids.length === 0 ? '' : ` aria-describedby="${ids.join(' ')}"`}${invalid}`;
  }

  text({ name, label, hint, autocomplete, inputmode }: TextField): string {
    const hinted = hint === undefined ? '' : `<p class="hint" id="${name}-hint">${escaped(hint)}</p>`;
    const mode = inputmode === undefined ? '' : ` inputmode="${inputmode}"`;
    return `<label for="${name}">${escaped(label)}</label>${hinted}${this.error(name)}
<input id="${name}" name="${name}" type="text"${mode} autocomplete="${autocomplete}" spellcheck="false" value="${escaped(this.values[name] ?? '')}"${this.describedBy(name, hint)}>`;
  }

  radio(name: 'method' | 'account_type', value: string, label: string): string {
    const id = `${name}-${value}`;
    const checked = this.values[name] === value ? ' checked' : '';
    return `<p class="choice"><input id="${id}" name="${name}" type="radio" value="${value}"${checked}><label for="${id}">${escaped(label)}</label></p>`;
  }
}

const LABELS: Readonly<Record<string, string>> = {
  ...Object.fromEntries([...NAMES, EMAIL, ROUTING_NUMBER, ACCOUNT_NUMBER, IBAN].map(({ name, label }) => [name, label])),
  method: 'How you want to be paid',
  account_type: 'Kind of account',
};
