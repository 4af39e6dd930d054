/** Why no connection came to be. */
export type ConnectFault = 'connection_refused' | 'connection_timeout' | 'tls_failed' | 'not_reachable' | 'proxy_failed';

export class ConnectError extends Error {
  constructor(
    readonly fault: ConnectFault,
    cause?: unknown,
  ) {
    super(fault, { cause });
  }
}
