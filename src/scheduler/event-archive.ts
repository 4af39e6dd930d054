import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { newUuid, toTypeId } from '../platform/ids/index.js';
import { formatInstant } from '../platform/time/index.js';
import type { WholeEvent } from '../webhooks/index.js';

const compress = promisify(gzip);
/** Some 100 MB compressed: a file that can be copied and read at once. */
const EVENTS_PER_FILE = 1_000_000;

/**
 * Events as lines of JSON in files `events-<instant>-<uuid>.ndjson.gz`, for this run alone: whoever else removes events at the same
 * time writes to another file. Each call adds one gzip member, and members in a row are one gzip file.
 * Safe to crash here because a file is never opened again: a member that is cut short is the last one, and its events are still in
 * the database. So an event may be in two files, and is never in none.
 */
export class EventArchive {
  private file: FileHandle | null = null;
  private written = 0;

  constructor(private readonly directory: string) {}

  /** Comes back once the lines would outlive a loss of power. */
  async append(events: readonly WholeEvent[]): Promise<void> {
    if (this.file !== null && this.written >= EVENTS_PER_FILE) await this.close();
    this.file ??= await this.create();
    await this.file.appendFile(await compress(events.map(lineOf).join('')));
    await this.file.datasync();
    this.written += events.length;
  }

  async close(): Promise<void> {
    const { file } = this;
    this.file = null;
    this.written = 0;
    await file?.close();
  }

  /** For us alone: no account data are in events, and names of payouts and amounts are. */
  private async create(): Promise<FileHandle> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const name = `events-${formatInstant(new Date()).replace(/[:.]/g, '')}-${newUuid()}.ndjson.gz`;
    const file = await open(join(this.directory, name), 'ax', 0o600);
    // The name of a new file is durable only with its folder.
    const folder = await open(this.directory, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    return file;
  }
}

const lineOf = ({ id, merchant_id, sequence, occurred_at, body, deliveries }: WholeEvent): string =>
  `${JSON.stringify({
    id: toTypeId('event', id),
    merchant_id: toTypeId('merchant', merchant_id),
    sequence,
    occurred_at: formatInstant(occurred_at),
    body,
    deliveries: deliveries.map((delivery) => ({
      ...delivery,
      id: toTypeId('delivery', String(delivery['id'])),
      endpoint_id: toTypeId('endpoint', String(delivery['endpoint_id'])),
    })),
  })}\n`;
