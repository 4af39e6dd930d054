import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a database that can be cut at the worst moment. */
export interface CuttingProxy {
  /** The same database through the proxy. */
  readonly url: string;
  /**
   * Passes the next message that contains the text (or the one after so many, and as many as are said) on to the server and
   * cuts the line once that has answered: the answer is lost.
   */
  cutAfter(text: string, spared?: number, times?: number): void;
  /** How many packets the clients have sent: where each waits for the answer to the one before, how many round trips there were. */
  readonly packets: number;
  /** How many lines it has cut so. */
  readonly cuts: number;
  /** From now on the server reads something else where this stands; of the same length. */
  garble(text: string, into: string): void;
  /** The lines that are open now stand still for ever; new ones are not concerned. */
  hang(): void;
  /** So many of the next lines stand still from their beginning. */
  hangNext(lines: number): void;
  /** What the server says at the end of an answer, that it is ready for the next statement and in which state, is held back. */
  holdReadiness(): void;
  releaseReadiness(): void;
  /** Passes nothing on, in either direction, and says nothing of it. */
  stall(): void;
  resume(): void;
  close(): Promise<void>;
}

/** The server's message ReadyForQuery: its kind, its length in four bytes, and the state of the transaction. */
const READY_FOR_QUERY = 'Z'.charCodeAt(0);
const READY_FOR_QUERY_BYTES = 6;

export async function cuttingProxy(url: string): Promise<CuttingProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let fatal: string | null = null;
  let sparing = 0;
  let cutting = 0;
  let cuts = 0;
  let packets = 0;
  let stalled = false;
  let hanging = 0;
  let held: (() => void)[] | null = null;
  let garbled: readonly [string, string] | null = null;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let cut = false;
    /** The bytes without the end of an answer, which waits until it is let go. */
    const withhold = (bytes: Buffer): Buffer => {
      if (bytes.at(-READY_FOR_QUERY_BYTES) !== READY_FOR_QUERY) return bytes;
      held?.push(() => client.write(bytes.subarray(-READY_FOR_QUERY_BYTES)));
      return bytes.subarray(0, -READY_FOR_QUERY_BYTES);
    };
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
      packets += 1;
      upstream.write(garbled === null ? bytes : Buffer.from(bytes.toString('latin1').replaceAll(...garbled), 'latin1'));
      if (fatal === null || !bytes.includes(fatal)) return;
      sparing -= 1;
      if (sparing >= 0) return;
      cutting -= 1;
      if (cutting === 0) fatal = null;
      cuts += 1;
      cut = true;
    });
    upstream.on('data', (bytes: Buffer) => {
      if (cut) client.destroy();
      else client.write(held === null ? bytes : withhold(bytes));
    });
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
    get packets() {
      return packets;
    },
    get cuts() {
      return cuts;
    },
    garble: (text, into) => {
      garbled = [text, into];
    },
    hang,
    hangNext: (lines) => {
      hanging = lines;
    },
    holdReadiness: () => {
      held = [];
    },
    releaseReadiness: () => {
      for (const release of held ?? []) release();
      held = null;
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
