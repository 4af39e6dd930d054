/** What a client of PayPal fetches first, by the id and the secret of an API key; undefined where it is refused. */
export async function paypalToken(url: string, { id, secret }: { id: string; secret: string }): Promise<string | undefined> {
  const answered = await fetch(`${url}/v1/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  return ((await answered.json()) as { access_token?: string }).access_token;
}
