import { describe, expect, it } from '@jest/globals';
import { TRICKS } from '../../../test/support/hostile-addresses.js';
import { isPublicAddress } from './egress-address.js';
import { isRefusal, readWebhookUrl } from './webhook-url.js';

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

  it.each(['HTTPS://merchant.example/', 'https:/merchant.example/', 'https:merchant.example', 'https:///merchant.example/'])(
    'refuses %s, whose host others would not find',
    (text) =>
      expect(readWebhookUrl(text)).toEqual({
        code: 'invalid_url',
        detail: 'Write the URL as https://host/path: the scheme in lower case, two slashes, and the host.',
      }),
  );

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
