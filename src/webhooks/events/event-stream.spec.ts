import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Response } from 'express';
import { PassThrough } from 'node:stream';
import { newUuid, toTypeId } from '../../platform/ids/index.js';
import { EventStream, type StreamReader } from './event-stream.js';

/** The answer of a client that takes nothing until it is read from. */
function answer(): PassThrough & { readonly asResponse: Response } {
  const stream = new PassThrough({ highWaterMark: 64 });
  const head = { status: () => stream, set: () => stream, flushHeaders: () => undefined };
  return Object.assign(stream, head, { asResponse: stream as unknown as Response });
}

const reader: StreamReader = {
  ...{ merchantId: newUuid(), keyId: newUuid(), bearer: '', type: null },
  scope: { bulkId: null, payoutId: null },
  from: { id: null, feed: '0', place: '0' },
};
const row = (place: number, body: string | null) => ({
  ...{ id: newUuid(), feed: '1', place: String(place) },
  body: body === null ? null : Buffer.from(body),
});
const read = (stream: PassThrough): string => String(stream.read() ?? '');

describe('An event stream', () => {
  // Time is ours: only what asks for it, no timer.
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'queueMicrotask'] }));
  afterEach(() => void jest.useRealTimers());

  it('tells what is for its reader and passes over the rest', () => {
    const out = answer();
    const stream = new EventStream(reader, out.asResponse);
    expect(read(out)).toBe('retry: 1000\nid: beginning\n\n');
    const rows = [row(1, '{"a":1}'), row(2, null), row(3, '{"a":"☃"}'), row(4, null)];
    stream.tell(rows);
    const [first, , third] = rows.map(({ id }) => toTypeId('event', id));
    expect(read(out)).toBe(`id: ${first ?? ''}\ndata: {"a":1}\n\nid: ${third ?? ''}\ndata: {"a":"☃"}\n\n`);
    expect(stream.at.place).toBe('4');
  });

  it('beats after 15 silent seconds, and moves the cursor past what was not for its reader', () => {
    const out = answer();
    const stream = new EventStream(reader, out.asResponse);
    read(out);
    const passed = row(1, null);
    stream.tell([passed]);
    stream.tick();
    expect(read(out)).toBe('');
    jest.advanceTimersByTime(15_001);
    stream.tick();
    expect(read(out)).toBe(`: heartbeat\nid: ${toTypeId('event', passed.id)}\n\n`);
    jest.advanceTimersByTime(15_001);
    stream.tick();
    expect(read(out)).toBe(': heartbeat\n\n');
  });

  it('takes nothing while its client does not, again once it does, and ends after a minute in which it did not', async () => {
    const out = answer();
    const stream = new EventStream(reader, out.asResponse);
    read(out);
    expect(stream.takes).toBe(true);
    stream.tell([row(1, 'x'.repeat(100))]);
    expect(stream.takes).toBe(false);
    read(out);
    await new Promise(setImmediate);
    expect(stream.takes).toBe(true);
    stream.tell([row(2, 'x'.repeat(100))]);
    jest.advanceTimersByTime(59_000);
    stream.tick();
    expect(out.destroyed).toBe(false);
    jest.advanceTimersByTime(2_000);
    stream.tick();
    expect(out.destroyed).toBe(true);
  });

  it('is written to no more once it has ended, and is gone after a minute in which its client does not take the rest', async () => {
    const out = answer();
    const failed = jest.fn();
    out.on('error', failed);
    const stream = new EventStream(reader, out.asResponse);
    stream.end();
    expect(stream.takes).toBe(false);
    stream.tell([row(1, 'late')]);
    jest.advanceTimersByTime(15_001);
    stream.tick();
    await new Promise(setImmediate);
    expect(failed).not.toHaveBeenCalled();
    expect(out.destroyed).toBe(false);
    jest.advanceTimersByTime(45_000);
    stream.tick();
    expect(out.destroyed).toBe(true);
  });

  it('is gone where its answer fails, and nothing else is', () => {
    const out = answer();
    new EventStream(reader, out.asResponse);
    out.emit('error', new Error('broken'));
    expect(out.destroyed).toBe(true);
  });
});
