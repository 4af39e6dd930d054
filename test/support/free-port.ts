import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** For a program that takes no port 0, or has to be told before it starts. Somebody else may take it first: ask just before. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
