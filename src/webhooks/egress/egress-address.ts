import ipaddr from 'ipaddr.js';
import { memoize } from '../../platform/memory/index.js';

/** The address at which Azure answers its machines' agents (metadata, DNS): public by its number, internal by its use. */
const AZURE_WIRE_SERVER = '168.63.129.16';
/** Judged at every send, twice, and mostly the same few: reading one took a quarter of the processor time of a delivery. */
const ADDRESSES_KNOWN_MAX = 10_000;
/** All that is given out as public IPv6 (RFC 4291 2.4, IANA). Everything outside is local, embeds an IPv4 address, or is nobody's. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether this address, in the form that DNS and sockets give, is a public one. What is not surely public is not: a
 * list of what is forbidden forgets something.
 */
export const isPublicAddress = memoize(ADDRESSES_KNOWN_MAX, (address) => {
  const parsed = parseAddress(address);
  if (parsed === null) return false;
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === 'unicast' && parsed.toString() !== AZURE_WIRE_SERVER;
  return parsed.match(GLOBAL_UNICAST) && parsed.range() === 'unicast';
});

/** The operator's exceptions: addresses that may be reached although they are not public, by http and on any port. */
export class AllowedNetworks {
  private readonly networks: readonly (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[];

  /** @throws where a text is no CIDR. */
  constructor(cidrs: readonly string[]) {
    this.networks = cidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  }

  get isEmpty(): boolean {
    return this.networks.length === 0;
  }

  readonly includes = memoize(ADDRESSES_KNOWN_MAX, (address) => {
    const parsed = parseAddress(address);
    if (parsed === null) return false;
    return this.networks.some(([network, bits]) => {
      if (parsed instanceof ipaddr.IPv4) return network instanceof ipaddr.IPv4 && parsed.match(network, bits);
      return network instanceof ipaddr.IPv6 && parsed.match(network, bits);
    });
  });
}

/** Strict: four decimal octets without leading zeros, or IPv6 without a zone, which would choose an interface of ours. */
function parseAddress(address: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return ipaddr.IPv4.parse(address);
  if (address.includes(':') && !address.includes('%') && ipaddr.IPv6.isValid(address)) return ipaddr.IPv6.parse(address);
  return null;
}
