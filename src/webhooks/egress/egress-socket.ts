import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ConnectError, type ConnectFault } from './egress-fault.js';
import { openTunnel } from './egress-proxy.js';
import type { WebhookTarget } from './webhook-url.js';

/** A receiver that does not even accept within this long would not answer in time either. */
const CONNECT_TIMEOUT_MS = 5_000;

export interface SocketRequest {
  readonly target: WebhookTarget;
  readonly address: string;
  readonly isVetted: (address: string) => boolean;
  /** Null: directly. */
  readonly proxy: URL | null;
  /** The end of the whole call: the HTTP library notices it only once there is a connection. */
  readonly signal: AbortSignal;
}

/**
 * Connects to one vetted address, then, for https, speaks TLS to the host of the URL over that socket. No name is looked
 * up here, so nothing can come between the vetting and the connection.
 */
export async function openSocket({ target, address, isVetted, proxy, signal }: SocketRequest): Promise<Socket> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]);
  const tcp =
    proxy === null
      ? connectTcp({ host: address, port: target.port, noDelay: true })
      : await openTunnel({ proxy, address, port: target.port, signal: within });
  // A socket that errs once nobody waits for it any more must not end the process.
  tcp.on('error', () => undefined);
  const giveUp = (): void => void tcp.destroy(new ConnectError('connection_timeout'));
  within.addEventListener('abort', giveUp, { once: true });
  try {
    if (proxy === null) await reach(tcp, isVetted);
    if (target.protocol === 'http:') return tcp;
    const tls = connectTls({
      socket: tcp,
      host: target.host,
      // SNI names hosts only (RFC 6066 3); a certificate for an address is checked against `host`.
      ...(target.hostIsAddress ? {} : { servername: target.host }),
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
    });
    tls.on('error', () => undefined);
    await settled(tls, 'secureConnect', 'tls_failed');
    return tls;
  } catch (error) {
    tcp.destroy();
    throw error;
  } finally {
    within.removeEventListener('abort', giveUp);
  }
}

async function reach(tcp: Socket, isVetted: SocketRequest['isVetted']): Promise<void> {
  await settled(tcp, 'connect', 'connection_refused');
  // The kernel's word on where the connection went, whatever was asked for.
  if (tcp.remoteAddress === undefined || !isVetted(tcp.remoteAddress)) throw new ConnectError('not_reachable');
}

/** Resolves at the event; rejects with the fault where the socket errs or closes before. */
function settled(socket: Socket, event: 'connect' | 'secureConnect', fault: ConnectFault): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error?: Error): void =>
      reject(error instanceof ConnectError ? error : new ConnectError(faultOf(error) ?? fault, error));
    const closed = (): void => fail();
    socket.once('error', fail).once('close', closed);
    socket.once(event, () => {
      socket.off('error', fail).off('close', closed);
      resolve();
    });
  });
}

const faultOf = (error: Error | undefined): ConnectFault | null =>
  (error as NodeJS.ErrnoException | null)?.code === 'ETIMEDOUT' ? 'connection_timeout' : null;
