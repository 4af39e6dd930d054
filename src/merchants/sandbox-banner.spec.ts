import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { sandboxBannerLines } from './sandbox-banner.js';

describe('the banner of the sandbox', () => {
  it('ends with one command that a shell reads as one request with one payout', () => {
    const command = sandboxBannerLines('http://127.0.0.1:3000', 'tr_test_key').at(-1) ?? '';
    expect(command).not.toContain('\n');
    const printed = execFileSync('sh', ['-c', `curl() { printf '%s\\0' "$@"; }; ${command}`], { encoding: 'utf8' });
    const words = printed.split('\0').slice(0, -1);
    expect(words.slice(0, -1)).toEqual([
      ...['-s', 'http://127.0.0.1:3000/v1/bulks', '-H', 'Authorization: Bearer tr_test_key'],
      ...['-H', 'Content-Type: application/json', '-d'],
    ]);
    expect(JSON.parse(words.at(-1) ?? '')).toEqual({
      items: [
        {
          reference: expect.stringMatching(/^demo-\d+$/),
          amount: '120.50',
          currency: 'EUR',
          payout_method: { type: 'bank_account', iban: 'DE89370400440532013000', account_holder: 'Ada Lovelace' },
        },
      ],
    });
  });
});
