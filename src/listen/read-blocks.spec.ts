import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Block, readBlocks } from './read-blocks.js';

async function read(pieces: readonly Uint8Array[]): Promise<Block[]> {
  const blocks: Block[] = [];
  const come = (async function* () {
    yield* pieces;
  })();
  for await (const block of readBlocks(come)) blocks.push(block);
  return blocks;
}

const STREAM =
  'retry: 1000\nid: a\n\nid: b\ndata: {"x":"é☃😀"}\n\n: heartbeat\nid: c\n\ndata:1\r\ndata: 2\r\n\r\nid\rdata\r\rdata: cut';
const BLOCKS: Block[] = [
  { id: 'a', data: null },
  { id: 'b', data: '{"x":"é☃😀"}' },
  { id: 'c', data: null },
  { id: null, data: '1\n2' },
  { id: '', data: '' },
];

describe('The reader of server-sent events', () => {
  it('gives whole blocks, whatever ends their lines, and not the one that is cut', async () => {
    expect(await read([Buffer.from(STREAM)])).toEqual(BLOCKS);
  });

  it('reads the same, wherever the stream is cut into pieces', async () => {
    const bytes = Buffer.from(STREAM);
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        const ends = [...at.sort((a, b) => a - b), bytes.length];
        expect(await read(ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)))).toEqual(BLOCKS);
      }),
    );
  });
});
