// A receiver of webhooks: node examples/receiver.mjs <signing secret> [port] [how many to wait for; else until Ctrl-C]
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const [secret, port = '4000', count = 'Infinity'] = process.argv.slice(2);
const webhook = new Webhook(secret);
// Deliveries are at least once: an id that was seen before is answered, and counts for nothing.
const seen = new Set();

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  let event;
  try {
    // Over the bytes as they came; it throws where the signature or the time is wrong.
    event = webhook.verify(Buffer.concat(chunks).toString(), request.headers);
  } catch (error) {
    console.log(`refused: ${error.message}`);
    response.writeHead(401).end();
    return;
  }
  response.writeHead(204).end();
  if (seen.has(event.data.event_id)) return;
  seen.add(event.data.event_id);
  console.log(`verified ${event.data.sequence} of ${event.data.reference ?? 'the bulk'}: ${event.type}`);
  if (seen.size >= Number(count)) {
    server.close();
    server.closeIdleConnections();
  }
});
server.listen(Number(port), '127.0.0.1');
