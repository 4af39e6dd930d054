import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { FORBIDDEN, PUBLIC } from '../../../test/support/hostile-addresses.js';
import { AllowedNetworks, isPublicAddress } from './egress-address.js';

/** The IANA registries of special-purpose addresses (RFC 6890), with multicast and what is reserved. */
const SPECIAL_IPV4 = [
  ...[
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.0.2.0/24',
  ],
  ...[
    '192.31.196.0/24',
    '192.52.193.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '192.175.48.0/24',
    '198.18.0.0/15',
    '198.51.100.0/24',
  ],
  ...['203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
];
const SPECIAL_IPV6 = [
  ...[
    '::/8',
    '::ffff:0:0/96',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '100::/64',
    '100:0:0:1::/64',
    '2001::/23',
    '2001:db8::/32',
    '2002::/16',
  ],
  ...['2620:4f:8000::/48', '3fff::/20', '5f00::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
];

/** Any address of one of the networks. */
const within = (networks: readonly string[]) =>
  fc.tuple(fc.constantFrom(...networks), fc.uint8Array({ minLength: 16, maxLength: 16 })).map(([cidr, random]) => {
    const [network, bits] = ipaddr.parseCIDR(cidr);
    const bytes = network.toByteArray().map((byte, index) => {
      const fixed = 0xff << (8 - Math.max(0, Math.min(8, bits - 8 * index)));
      return (byte & fixed) | ((random[index] ?? 0) & ~fixed & 0xff);
    });
    return ipaddr.fromByteArray(bytes).toString();
  });

describe('the predicate of public addresses', () => {
  it.each(FORBIDDEN)('refuses %j', (address) => expect(isPublicAddress(address)).toBe(false));
  it.each(PUBLIC)('takes %s', (address) => expect(isPublicAddress(address)).toBe(true));

  it('refuses every address of the registries of special purpose', () => {
    fc.assert(
      fc.property(within([...SPECIAL_IPV4, ...SPECIAL_IPV6]), (address) => !isPublicAddress(address)),
      { numRuns: 2_000 },
    );
  });

  it('refuses every IPv6 address outside of 2000::/3', () => {
    const outside = within(['::/0']).filter((address) => !/^[23][0-9a-f]{3}:/.test(address));
    fc.assert(
      fc.property(outside, (address) => !isPublicAddress(address)),
      { numRuns: 1_000 },
    );
  });

  it('takes every other IPv4 address but one', () => {
    const special = new AllowedNetworks(SPECIAL_IPV4);
    const ordinary = fc.ipV4().filter((address) => !special.includes(address) && address !== '168.63.129.16');
    fc.assert(
      fc.property(ordinary, (address) => isPublicAddress(address)),
      { numRuns: 1_000 },
    );
  });
});

describe('the networks that an operator allows', () => {
  const loopback = new AllowedNetworks(['127.0.0.0/8', '::1/128']);

  it('takes what is inside, and nothing else', () => {
    expect(['127.0.0.1', '127.200.0.1', '::1'].map((address) => loopback.includes(address))).toEqual([true, true, true]);
    expect(
      ['128.0.0.1', '10.0.0.1', '::2', '::ffff:127.0.0.1', '::1%lo', 'localhost'].filter((address) => loopback.includes(address)),
    ).toEqual([]);
  });

  it('takes nothing where nothing is allowed', () => {
    expect(new AllowedNetworks([]).includes('127.0.0.1')).toBe(false);
  });
});
