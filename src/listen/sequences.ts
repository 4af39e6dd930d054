export interface Told {
  readonly type: string;
  readonly data: { readonly sequence: number; readonly [name: string]: unknown };
}

/** Holds what comes to what the server promises: the id that the body names, and each subject's sequence without a gap. */
export class Sequences {
  private readonly last = new Map<string, number>();

  /** @returns what is wrong, or null. */
  check(id: string, { data }: Told): string | null {
    // A claimed link names its payout, and both count for themselves.
    const subject = firstText(data, ['link_id', 'payout_id', 'bulk_id', 'endpoint_id']);
    const { sequence } = data;
    const before = this.last.get(subject);
    this.last.set(subject, sequence);
    if (data['event_id'] !== id) return `its body names ${firstText(data, ['event_id'])}`;
    if (before !== undefined && sequence !== before + 1) return `sequence ${String(sequence)} came after ${String(before)}`;
    return null;
  }
}

/** What the event is about, in a person's words. */
export const subjectOf = ({ data }: Told): string =>
  `${String(data.sequence)} of ${firstText(data, ['reference', 'bulk_reference', 'link_id', 'bulk_id', 'endpoint_id'])}`;

const firstText = (data: Told['data'], names: readonly string[]): string =>
  names.map((name) => data[name]).find((value) => typeof value === 'string') ?? '';
