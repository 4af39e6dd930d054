import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a database that can be cut at the worst moment. */
export interface CuttingProxy {
  /** The same database through the proxy. */
  readonly url: string;
  /**
   * Passes the next message that contains the text (or the one after so many, and as many as are said) on to the server and
   * cuts the line before the answer comes back.
   */
  cutAfter(text: string, spared?: number, times?: number): void;
  /** How many lines it has cut so. */
  readonly cuts: number;
  /** The lines that are open now stand still for ever; new ones are not concerned. */
  hang(): void;
  /** So many of the next lines stand still from their beginning. */
  hangNext(lines: number): void;
  /** Passes nothing on, in either direction, and says nothing of it. */
  stall(): void;
  resume(): void;
  close(): Promise<void>;
}

export async function cuttingProxy(url: string): Promise<CuttingProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let fatal: string | null = null;
  let sparing = 0;
  let cutting = 0;
  let cuts = 0;
  let stalled = false;
  let hanging = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.end();
      });
    }
    client.on('data', (bytes) => {
      upstream.write(bytes);
      if (fatal === null || !bytes.includes(fatal)) return;
      sparing -= 1;
      if (sparing >= 0) return;
      cutting -= 1;
      if (cutting === 0) fatal = null;
      cuts += 1;
      client.destroy();
    });
    upstream.on('data', (bytes) => client.write(bytes));
    // A listener for data sets a socket flowing.
    if (stalled || hanging > 0) for (const socket of [client, upstream]) socket.pause();
    hanging = Math.max(0, hanging - 1);
  });
  const hang = (): void => {
    for (const socket of sockets) socket.pause();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const through = new URL(url);
  through.port = String((server.address() as AddressInfo).port);
  return {
    url: through.href,
    cutAfter: (text, spared = 0, times = 1) => {
      fatal = text;
      cutting = times;
      sparing = spared;
    },
    get cuts() {
      return cuts;
    },
    hang,
    hangNext: (lines) => {
      hanging = lines;
    },
    stall: () => {
      stalled = true;
      hang();
    },
    resume: () => {
      stalled = false;
      for (const socket of sockets) socket.resume();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
