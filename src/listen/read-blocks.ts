/** One block of a stream of server-sent events. */
export interface Block {
  readonly id: string | null;
  /** Null: the block only moves the cursor, or keeps the connection alive. */
  readonly data: string | null;
}

/** Reads a stream of server-sent events (HTML standard 9.2.6) as it comes, in pieces that end anywhere. */
export async function* readBlocks(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Block> {
  const decoder = new TextDecoder();
  let lines: string[] = [];
  let rest = '';
  for await (const piece of pieces) {
    const text = rest + decoder.decode(piece, { stream: true });
    // A CR at the very end may be the first half of a CRLF.
    const end = text.endsWith('\r') ? -1 : text.length;
    const found = text.slice(0, end).split(/\r\n|\n|\r/);
    rest = (found.pop() ?? '') + text.slice(end);
    for (const line of found) {
      if (line !== '') lines.push(line);
      else {
        yield blockOf(lines);
        lines = [];
      }
    }
  }
}

function blockOf(lines: readonly string[]): Block {
  const fields = lines.map((line) => {
    const colon = line.indexOf(':');
    return colon < 0 ? { name: line, value: '' } : { name: line.slice(0, colon), value: line.slice(colon + 1).replace(/^ /, '') };
  });
  const data = fields.filter(({ name }) => name === 'data').map(({ value }) => value);
  return {
    id: fields.findLast(({ name }) => name === 'id')?.value ?? null,
    data: data.length === 0 ? null : data.join('\n'),
  };
}
