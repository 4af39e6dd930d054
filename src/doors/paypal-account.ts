/** Accounts at PayPal and Venmo as native payout methods. */
type PaypalMethod = Readonly<Record<string, string>>;

export const paypalByEmail = (email: string): PaypalMethod => ({ type: 'paypal', email });

/** A number is written as its country's own network would dial it from abroad. */
export const paypalByPhone = (text: string): PaypalMethod => ({ type: 'paypal', phone_number: toE164(text) });

/** Venmo's handles are ids to us. */
export const paypalById = (id: string): PaypalMethod => ({ type: 'paypal', paypal_id: id.replace(/^@/, '') });

/** Numbers come with and without country code and punctuation; ten digits alone are North American. */
export function toE164(text: string): string {
  const digits = text.replace(/[\s().-]/g, '');
  if (digits.startsWith('+')) return digits;
  return digits.length === 10 ? `+1${digits}` : `+${digits}`;
}
