import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { Agent, request } from 'undici';

/** Does to a server what it should not have to bear, until its input ends; answers each line with how much of it there is. */
const [kind = '', url = '', amount = '', key = ''] = process.argv.slice(2);
const { port } = new URL(url);
const sockets = new Set<Socket>();
let [asked, refused, answered, ending] = [0, 0, 0, false];

/** Sends the beginning of a request and no more; comes back when it is cut off. */
function halfOpen(): void {
  if (ending) return;
  const socket = connect(Number(port), '127.0.0.1', () => {
    sockets.add(socket);
    socket.write('GET /v1/bulks HTTP/1.1\r\nHost: tranche\r\n');
  });
  socket.resume().on('error', () => undefined);
  socket.on('close', () => {
    sockets.delete(socket);
    setTimeout(halfOpen, AGAIN_MS);
  });
}

const AGAIN_MS = 50;
const TICK_MS = 20;
const agent = new Agent({ connections: 64 });

async function ask(): Promise<void> {
  asked += 1;
  try {
    const { statusCode, body } = await request(`${url}/v1/bulks?limit=1`, {
      headers: { authorization: `Bearer ${key}` },
      dispatcher: agent,
    });
    await body.dump();
    answered += 1;
    if (statusCode === 429) refused += 1;
  } catch {
    // What a server does to such a client is its own affair.
  }
}

const until = async (state: () => boolean): Promise<void> => {
  while (!state()) await wait(TICK_MS);
};

let timer: NodeJS.Timeout | undefined;
if (kind === 'half-open') {
  for (let number = 0; number < Number(amount); number += 1) halfOpen();
  await until(() => sockets.size === Number(amount));
} else {
  const each = (Number(amount) * TICK_MS) / 1000;
  // A flood is not slower because the flooded are.
  timer = setInterval(() => {
    for (let one = 0; one < each; one += 1) if (asked - answered < Number(amount)) void ask();
  }, TICK_MS);
  await until(() => refused > 0);
}
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
say({ url });
for await (const _line of createInterface(process.stdin)) say({ open: sockets.size, asked, refused });
ending = true;
clearInterval(timer);
for (const socket of sockets) socket.destroy();
process.exit(0);
