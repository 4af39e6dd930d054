import { describe, expect, it } from '@jest/globals';
import { isPublicAddress } from './egress-address.js';
import { isRefusal, readWebhookUrl } from './webhook-url.js';

/** Each looks harmless to somebody and leads inside, or is called by nobody. */
const TRICKS = [
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0177.0.0.1/',
  'https://127.1/',
  'https://127.0.0.1./',
  'https://0/',
  'https://①②⑦.⓪.⓪.①/',
  'https://１２７.0.0.1/',
  'https://127。0。0。1/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::]/',
  'https://[::7f00:1]/',
  'https://0xA9FEA9FE/latest/meta-data',
  'https://user@127.0.0.1/',
  'https://merchant.example@127.0.0.1/',
  'https://a:b@merchant.example/',
  'https://merchant.example\\@127.0.0.1/',
  'https://127.0.0.1\t/',
  'https://\n127.0.0.1/',
  'https://[fe80::1%25eth0]/',
  'https://%31%32%37.0.0.1/',
  'file:///etc/passwd',
  'gopher://127.0.0.1:25/',
  'ftp://merchant.example/',
  'javascript:alert(1)',
  'data:text/plain,x',
  '//merchant.example/',
  'merchant.example/hooks',
  '/hooks',
  '',
  'https://',
  'https://merchant.example:99999/',
  'https://exa mple.com/',
  `https://merchant.example/${'x'.repeat(2048)}`,
];

describe('the reading of a webhook URL', () => {
  it.each(TRICKS)('is not fooled by %j', (text) => {
    const read = readWebhookUrl(text);
    if (isRefusal(read)) {
      expect(read.code).toBe('invalid_url');
      return;
    }
    expect(read.hostIsAddress).toBe(true);
    expect(isPublicAddress(read.host)).toBe(false);
  });

  it.each([
    'http://merchant.example/',
    'https://merchant.example:22/',
    'https://merchant.example:80/',
    'http://merchant.example:443/',
  ])('says that %s is unusual', (text) => expect(readWebhookUrl(text)).toMatchObject({ usual: false }));

  it('takes a URL apart as it will be called', () => {
    expect(readWebhookUrl('https://Merchant.Example:8443/hooks/%C3%A9?a=1#part')).toEqual({
      protocol: 'https:',
      host: 'merchant.example',
      hostIsAddress: false,
      port: 8443,
      path: '/hooks/%C3%A9?a=1',
      authority: 'merchant.example:8443',
      usual: true,
    });
    expect(readWebhookUrl('https://[2606:4700::1111]')).toMatchObject({
      host: '2606:4700::1111',
      hostIsAddress: true,
      port: 443,
      path: '/',
    });
  });
});
