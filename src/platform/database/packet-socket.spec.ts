import { describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { PacketSocket } from './packet-socket.js';

describe('a packet socket', () => {
  it('sends in one packet, in its order, what is written in one turn of the event loop', async () => {
    const server = createServer((line) => line.pipe(line)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = new PacketSocket();
    const sent = jest.spyOn(socket as unknown as { _writev(): void }, '_writev');
    socket.connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    const write = (...parts: readonly string[]): void => {
      socket.cork();
      for (const part of parts) socket.write(part);
      socket.uncork();
    };
    write('first ', 'statement, ');
    write('second ', 'statement');
    let answer = '';
    for await (const bytes of socket) {
      answer += String(bytes);
      if (answer.endsWith('second statement')) break;
    }
    expect([answer, sent.mock.calls.length]).toEqual(['first statement, second statement', 1]);
    server.close();
  });
});
