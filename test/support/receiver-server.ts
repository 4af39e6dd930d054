import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { assertEvent } from './event-schema.js';

/** One request as it came. */
export interface Received {
  /** `webhook-id`. */
  readonly id: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The parsed body. */
  readonly event: { readonly type: string; readonly timestamp: string; readonly data: Readonly<Record<string, unknown>> };
  /** Which of the receiver's secrets the official verifier takes the signature for. */
  readonly verifiedBy: readonly string[];
  /** How often this id has come, this time included. */
  readonly times: number;
  /** Counts connections: the same number, the same socket. */
  readonly connection: number;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Instead of an answer: cut the connection, or never say anything. */
  readonly instead?: 'reset' | 'silence';
  /** Sends a body that never ends, a byte at a time. */
  readonly drip_ms?: number;
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** Secrets that the signature may be made with; `verifiedBy` lists those that fit. */
  readonly secrets: string[];
  /** What is answered from now on; 204 at first. */
  answer: (received: Received) => Answer | Promise<Answer>;
  /** Waits until the condition holds over what has come. */
  until(holds: (received: readonly Received[]) => boolean): Promise<void>;
  /** Cuts every connection that is idle or not. */
  cut(): void;
  close(): Promise<void>;
}

export interface ReceiverOptions {
  readonly secrets?: readonly string[];
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly answer?: Receiver['answer'];
  /** Throws where a body is not as it was promised; the catalogue of events does by itself. */
  readonly assert?: (body: Received['event']) => void;
}

/** A merchant's own receiver: a real server on loopback that verifies each delivery with the official package. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const sockets = new Map<Socket, number>();
  const waiting = new Set<() => void>();
  const seen = new Map<string, number>();
  const faults: Error[] = [];
  const listener: RequestListener = (request, response) => {
    void readAll(request).then((body) =>
      respond(
        receiver,
        {
          seen,
          assert: options.assert ?? assertEvent,
          faults,
          request,
          response,
          body,
          connection: sockets.get(request.socket) ?? 0,
        },
        waiting,
      ),
    );
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  server.on('connection', (socket: Socket) => {
    sockets.set(socket, sockets.size + 1);
  });
  // For TLS the request's socket is the secure one.
  server.on('secureConnection', (socket: Socket) => sockets.set(socket, sockets.size + 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const receiver: Receiver = {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/hooks`,
    received: [],
    secrets: [...(options.secrets ?? [])],
    answer: options.answer ?? (() => ({ status: 204 })),
    until: async (holds) => {
      while (!holds(receiver.received)) {
        throwFirst(faults);
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    },
    cut: () => {
      for (const socket of sockets.keys()) socket.destroy();
    },
    close: async () => {
      receiver.cut();
      await new Promise((resolve) => server.close(resolve));
      throwFirst(faults);
    },
  };
  return receiver;
}

interface Exchange {
  /** How often each id has come. */
  readonly seen: Map<string, number>;
  readonly assert: NonNullable<ReceiverOptions['assert']>;
  /** Events that are not as promised: thrown at whoever waits for, or closes, the receiver. */
  readonly faults: Error[];
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
  readonly connection: number;
}

async function respond(receiver: Receiver, exchange: Exchange, waiting: Set<() => void>): Promise<void> {
  const received = read(receiver, exchange);
  receiver.received.push(received);
  const answer = await receiver.answer(received);
  const { response } = exchange;
  if (answer.instead === 'reset') response.socket?.resetAndDestroy();
  else if (answer.instead === undefined) {
    response.writeHead(answer.status ?? 204, answer.headers);
    if (answer.drip_ms === undefined) response.end(answer.body);
    else drip(response, answer.drip_ms);
  }
  for (const wake of waiting) wake();
  waiting.clear();
}

function throwFirst([first]: readonly Error[]): void {
  if (first !== undefined) throw first;
}

function read(receiver: Receiver, { seen, assert, faults, request, body, connection }: Exchange): Received {
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const id = headers['webhook-id'] ?? '';
  const times = (seen.get(id) ?? 0) + 1;
  seen.set(id, times);
  const event = JSON.parse(body.toString('utf8')) as Received['event'];
  try {
    assert(event);
  } catch (error) {
    faults.push(error as Error);
  }
  return {
    id,
    path: request.url ?? '',
    headers,
    body,
    event,
    verifiedBy: receiver.secrets.filter((secret) => verifies(secret, body, headers)),
    times,
    connection,
  };
}

function verifies(secret: string, body: Buffer, headers: Record<string, string>): boolean {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

function drip(response: ServerResponse, every_ms: number): void {
  const timer = setInterval(() => response.write('x'), every_ms);
  response.on('close', () => clearInterval(timer));
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
