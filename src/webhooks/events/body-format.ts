import { Logger } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { kernelProblem } from '../../platform/http/index.js';

/** An event as it is told natively. */
export interface ToldEvent {
  readonly event_id: string;
  readonly type: string;
  readonly bulk_id: string | null;
  readonly payout_id: string | null;
  readonly body: Buffer;
}

/** How another service would tell the same events. */
export interface BodyFormat<Facts = unknown> {
  /** The types that it has words for: an endpoint of this format is told of no others. */
  readonly types: readonly string[];
  /** What the words need beside the events, by the event: of rows that never change. */
  readonly read: (tx: Tx, events: readonly ToldEvent[]) => Promise<ReadonlyMap<string, Facts>>;
  /**
   * The body of an event of these types. Pure, and the same for ever: whatever is sent under one id has equal bytes, on every
   * attempt and years later.
   */
  readonly write: (event: ToldEvent, facts: Facts | undefined) => Buffer;
}

export const NATIVE_FORMAT = 'native';

const formats = new Map<string, BodyFormat>();
const logger = new Logger('BodyFormat');

/** Declares a format; whoever knows the words of another service does so, as features declare their events. */
export function defineBodyFormat<Facts>(name: string, format: BodyFormat<Facts>): void {
  if (name === NATIVE_FORMAT || formats.has(name)) throw new Error(`body format ${name} is declared twice`);
  formats.set(name, format as BodyFormat);
}

/** What an endpoint of the format is told of. @throws `invalid_field` for a format, or for types in it, that do not exist. */
export function typesOfFormat(format: string, wanted: readonly string[] | null): string[] | null {
  if (format === NATIVE_FORMAT) return wanted === null ? null : [...wanted];
  const types = formats.get(format)?.types;
  if (types === undefined) throw unknown('/format', `Send one of ${[NATIVE_FORMAT, ...formats.keys()].join(', ')}.`);
  const foreign = (wanted ?? []).findIndex((type) => !types.includes(type));
  if (foreign >= 0) throw unknown(`/event_types/${foreign}`, `The format ${format} has no word for this type.`);
  return [...(wanted ?? types)];
}

/** Deliveries with the bodies that are sent, and those whose body nobody can write. */
export interface Worded<Delivery> {
  readonly told: Delivery[];
  readonly unwritable: Delivery[];
}

/**
 * Puts the words of its endpoint's format into each delivery. One of a format that this process does not know is in neither list:
 * it comes again when its lease ends, to a newer process beside this one, and nobody else's waits for it.
 */
export async function inItsFormat<Delivery extends ToldEvent & { readonly format: string }>(
  tx: Tx,
  deliveries: readonly Delivery[],
): Promise<Worded<Delivery>> {
  const worded: Worded<Delivery> = { told: deliveries.filter(({ format }) => format === NATIVE_FORMAT), unwritable: [] };
  for (const [name, format] of formats) {
    const mine = deliveries.filter((delivery) => delivery.format === name);
    if (mine.length > 0) await putInWords(tx, format, { mine, worded });
  }
  const left = deliveries.length - worded.told.length - worded.unwritable.length;
  if (left > 0) logger.warn(`${left} deliveries are of a format that only a newer version knows: they wait for a process of it`);
  return worded;
}

async function putInWords<Delivery extends ToldEvent>(
  tx: Tx,
  { types, read, write }: BodyFormat,
  { mine, worded }: { readonly mine: readonly Delivery[]; readonly worded: Worded<Delivery> },
): Promise<void> {
  const [told, native] = [mine.filter(({ type }) => types.includes(type)), mine.filter(({ type }) => !types.includes(type))];
  // A ping, and what a bulk that names the URL tells of, may have no word there: it is told natively.
  worded.told.push(...native);
  const facts = told.length === 0 ? new Map<string, unknown>() : await read(tx, told);
  for (const delivery of told) {
    try {
      worded.told.push({ ...delivery, body: write(delivery, facts.get(delivery.event_id)) });
    } catch (error) {
      logger.error({ message: `event ${delivery.event_id} could not be written`, error });
      worded.unwritable.push(delivery);
    }
  }
}

const unknown = (pointer: string, detail: string) =>
  kernelProblem('invalid_field', 'The format can not be taken; see errors.', {
    errors: [{ pointer, code: 'invalid_field', detail }],
  });
