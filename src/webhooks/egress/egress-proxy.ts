import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIPv6, type Socket } from 'node:net';
import { ConnectError } from './egress-fault.js';

/** What most proxies answer where they can not reach the other side, and gateways where they wait for it in vain. */
const RECEIVER_IS_DOWN = new Set([500, 502, 503]);
const RECEIVER_IS_SLOW = 504;
const RECEIVER_IS_FORBIDDEN = 403;

export interface Tunnel {
  /** The operator's word: any address, http or https, with a user and password where it wants them. */
  readonly proxy: URL;
  /** Vetted, and named by number: the proxy has no name to look up that could mean something else to it. */
  readonly address: string;
  readonly port: number;
  readonly signal: AbortSignal;
}

/**
 * Asks the proxy for a tunnel (RFC 9110 9.3.6); TLS is spoken through it to the receiver itself.
 * @throws ConnectError: `proxy_failed` for what is the proxy's own fault, and another for what it says of the receiver.
 */
export function openTunnel({ proxy, address, port, signal }: Tunnel): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const authority = `${isIPv6(address) ? `[${address}]` : address}:${String(port)}`;
    let asked = false;
    const request = (proxy.protocol === 'https:' ? requestHttps : requestHttp)({
      host: proxy.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: proxy.port,
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...authorizationOf(proxy) },
      agent: false,
      signal,
    });
    request.once('finish', () => (asked = true));
    request.once('connect', ({ statusCode = 0 }, socket: Socket, head) => {
      socket.on('error', () => undefined);
      if (statusCode >= 200 && statusCode < 300) {
        socket.unshift(head);
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(new ConnectError(faultOf(statusCode)));
    });
    request.once('error', (error) => {
      // Once it is asked, it is the receiver that it waits for.
      reject(new ConnectError(signal.aborted && asked ? 'connection_timeout' : 'proxy_failed', error));
    });
    request.end();
  });
}

function faultOf(status: number) {
  if (RECEIVER_IS_DOWN.has(status)) return 'connection_refused';
  if (status === RECEIVER_IS_SLOW) return 'connection_timeout';
  return status === RECEIVER_IS_FORBIDDEN ? 'not_reachable' : 'proxy_failed';
}

function authorizationOf({ username, password }: URL): Record<string, string> {
  if (username === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}
