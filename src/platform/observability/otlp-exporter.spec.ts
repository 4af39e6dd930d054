import { afterEach, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newUuid } from '../ids/index.js';
import { OtlpExporter } from './otlp-exporter.js';

/** The names of the spans of each request that the collector has had. */
let requests: string[][] = [];
let collector: Server;
let exporter: OtlpExporter;
let endpoint: string;

async function start(statusOf: (request: number) => number): Promise<{ reports: string[] }> {
  const reports: string[] = [];
  requests = [];
  collector = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      if (request.method === 'GET') return response.end();
      requests.push([...text.matchAll(/"name":"(span \d+)"/g)].map(([, name = '']) => name));
      return response.writeHead(statusOf(requests.length)).end();
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${String((collector.address() as AddressInfo).port)}`;
  exporter = new OtlpExporter({ endpoint, headers: {}, ratio: 1 }, (problem) => reports.push(problem));
  return { reports };
}
afterEach(async () => {
  await exporter.close();
  collector.close();
});

function push(number: number): void {
  const instants = { started_ms: performance.now(), ended_ms: performance.now() };
  exporter.push({ subject: newUuid(), name: `span ${String(number)}`, kind: 'internal', failed: false, fields: {}, ...instants });
}

/** Long enough for whatever goes to the collector at once to be there before. */
async function roundTrip(): Promise<void> {
  await (await fetch(endpoint)).text();
}

it('asks a collector that takes nothing again by and by, not for each span', async () => {
  const began_ms = performance.now();
  const { reports } = await start(() => 503);
  for (let number = 0; number < 512; number += 1) push(number);
  while (reports.length === 0) await roundTrip();
  for (let number = 0; number < 50; number += 1) {
    push(512 + number);
    await roundTrip();
  }
  // One for the batch, and one for each second that has passed.
  expect(requests.length).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - began_ms) / 1000));
  expect(requests[0]).toHaveLength(512);
});

it('lets go of what the collector will never take, says so, and goes on', async () => {
  const { reports } = await start((request) => (request === 1 ? 400 : 200));
  for (let number = 0; number < 512; number += 1) push(number);
  while (reports.length === 0) await roundTrip();
  push(512);
  await exporter.close();
  expect(reports).toEqual(['traces: the collector answers 400; 0 spans wait, 512 were dropped']);
  expect(requests.slice(1)).toEqual([['span 512']]);
});
