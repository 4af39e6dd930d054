/** What a client of PayPal fetches first, by the id and the secret of an API key; undefined where it is refused. */
export async function paypalToken(url: string, { id, secret }: { id: string; secret: string }): Promise<string | undefined> {
  const answered = await fetch(`${url}/v1/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  return ((await answered.json()) as { access_token?: string }).access_token;
}

/** One request to the door of PayPal: a batch that is ordered, or what is there under a path. */
export async function askPaypal<Body = Readonly<Record<string, unknown>>>(
  url: string,
  { api_key_id: id, api_key: secret }: { readonly api_key_id: string; readonly api_key: string },
  { path = '', body }: { readonly path?: string; readonly body?: object },
): Promise<Body> {
  const token = await paypalToken(url, { id, secret });
  const answered = await fetch(`${url}/v1/payments/payouts${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${String(token)}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await answered.json()) as Body;
}
