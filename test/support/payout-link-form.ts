/** What a browser does with the form of a payout link. */
export const postForm = (link: string, fields: Readonly<Record<string, string>>): Promise<Response> =>
  fetch(link, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });

/** A form that is filled in right, by e-mail. */
export const FILLED_IN = { first_name: 'Ada', last_name: 'Lovelace', method: 'paypal', email: 'ada@example.com' } as const;
