import type { Request } from 'express';
import ipaddr from 'ipaddr.js';

/** The groups of an IPv6 address that name a customer's network: inside of a /64 everybody may take any address. */
const NETWORK_GROUPS = 4;

/**
 * Whom the limits take a request to come from: the peer of the connection or, where that is one of the trusted proxies, the
 * nearest address in X-Forwarded-For that is none (Express's `trust proxy`). What no proxy of ours can have written there
 * does not count.
 */
export function addressOf(request: Request): string {
  const text = [request.ip, request.socket.remoteAddress].find((each) => each !== undefined && ipaddr.isValid(each));
  // The connection is gone already; its request gets nowhere.
  if (text === undefined) return 'none';
  const address = ipaddr.process(text);
  if (address instanceof ipaddr.IPv4) return address.toString();
  return address.parts
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.toString(16))
    .join(':');
}
