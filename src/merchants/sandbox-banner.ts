/**
 * What the sandbox's key is, and a command that pays something with it when it is pasted as it stands. The reference is made
 * of the second, because a reference is paid once: the same command does it again.
 */
export function sandboxBannerLines(url: string, key: string): string[] {
  const payout = {
    amount: '120.50',
    currency: 'EUR',
    payout_method: { type: 'bank_account', iban: 'DE89370400440532013000', account_holder: 'Ada Lovelace' },
  };
  const rest = JSON.stringify(payout).slice(1);
  const body = `'{"items":[{"reference":"demo-'$(date +%s)'",${rest}]}'`;
  return [
    `  Merchant key ${key}`,
    '  First payout paste this:',
    `curl -s ${url}/v1/bulks -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d ${body}`,
  ];
}
