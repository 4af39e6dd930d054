import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { LineChild } from './line-child.js';

/** Places of the black hole's queue that are taken, so that every further connection waits for an answer to its first packet. */
const QUEUED = 16;

interface Ports {
  readonly silent: number;
  readonly dripping: number;
  readonly mute: number;
  readonly hole: number;
  readonly dns: number;
}

/** Receivers as one does not want them: sick.child.ts. */
export class SickReceivers {
  private readonly queued: Socket[] = [];

  private constructor(
    private readonly children: readonly LineChild[],
    private readonly ports: Ports,
  ) {}

  static async start(): Promise<SickReceivers> {
    const [sick, hole] = [LineChild.start('sick.child.ts'), LineChild.start('black-hole.child.ts')];
    const receivers = new SickReceivers([sick, hole], {
      ...(await sick.next<Omit<Ports, 'hole'>>()),
      ...(await hole.next<Pick<Ports, 'hole'>>()),
    });
    await receivers.fillHole(hole);
    return receivers;
  }

  /** Reads the request and says nothing; each name is a host of its own. */
  silent = (name: string): string => `http://silent-${name}.localhost:${this.ports.silent}/hooks`;
  /** Sends a byte of its status line each second. */
  get dripping(): string {
    return `http://127.0.0.1:${this.ports.dripping}/drip`;
  }
  /** Takes the connection and never says a word of TLS. */
  get stalledTls(): string {
    return `https://127.0.0.1:${this.ports.mute}/hooks`;
  }
  /** Answers no packet of a new connection. */
  get blackHole(): string {
    return `http://127.0.0.1:${this.ports.hole}/hooks`;
  }
  /** A name server that never answers, as `host:port`. */
  get dnsServer(): string {
    return `127.0.0.1:${this.ports.dns}`;
  }

  end(): void {
    for (const socket of this.queued) socket.destroy();
    for (const child of this.children) {
      child.signal('SIGCONT');
      child.end();
    }
  }

  private async fillHole(hole: LineChild): Promise<void> {
    hole.signal('SIGSTOP');
    for (let taken = 0; taken < QUEUED; taken += 1) {
      const socket = connect(this.ports.hole, '127.0.0.1').on('error', () => undefined);
      this.queued.push(socket);
      await wait(5);
    }
  }
}
