import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** What is known of a name: addresses of both kinds, or another name that it stands for. */
export type Zone = (name: string) => { readonly addresses?: readonly string[]; readonly alias?: string };

export interface NameServer {
  /** For a resolver's list of servers. */
  readonly address: string;
  /** Every question, as `A merchant.example`. */
  readonly asked: string[];
  zone: Zone;
  close(): void;
}

const TYPES = { A: 1, CNAME: 5, AAAA: 28 } as const;

/** A real name server (RFC 1035) on loopback, over UDP, whose answers change as the test likes. They live for 0 seconds. */
export async function startNameServer(zone: Zone): Promise<NameServer> {
  const socket = createSocket('udp4');
  const server: NameServer = { address: '', asked: [], zone, close: () => socket.close() };
  socket.on('message', (query, from) => {
    const { name, type, end } = questionOf(query);
    const kind = type === TYPES.A ? 'A' : 'AAAA';
    server.asked.push(`${kind} ${name}`);
    const records = recordsOf(server.zone, name, kind);
    // Standard answer, authoritative, recursion wanted and available.
    const head = Buffer.from([0x85, 0x80, 0, 1, 0, records.length, 0, 0, 0, 0]);
    socket.send(Buffer.concat([query.subarray(0, 2), head, query.subarray(12, end), ...records]), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return Object.assign(server, { address: `127.0.0.1:${String(socket.address().port)}` });
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function recordsOf(zone: Zone, name: string, kind: 'A' | 'AAAA'): Buffer[] {
  const { addresses = [], alias } = zone(name);
  if (alias !== undefined) return [recordOf(name, TYPES.CNAME, encoded(alias)), ...recordsOf(zone, alias, kind)];
  return addresses
    .filter((address) => address.includes(':') === (kind === 'AAAA'))
    .map((address) =>
      recordOf(name, TYPES[kind], kind === 'A' ? Buffer.from(address.split('.').map(Number)) : groupsOf(address)),
    );
}

function recordOf(name: string, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([encoded(name), fixed, data]);
}

const encoded = (name: string): Buffer =>
  Buffer.concat([...name.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]), Buffer.from([0])]);

/** The eight groups of an IPv6 address without dots in it. */
function groupsOf(address: string): Buffer {
  const [before = [], after = []] = address.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const groups = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
