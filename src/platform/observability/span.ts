import type { LogFields } from './log-fields.js';

/** One thing that was done for somebody, told when it has ended. Instants are this process's `performance.now()`. */
export interface Span {
  /**
   * The uuid of what it was done for. It is the id of the trace too, so that what different processes do for one bulk, however many
   * days apart, is one trace, and no row has to carry a context.
   */
  readonly subject: string;
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal';
  /** The span that made the subject; all others are its children. */
  readonly isRoot?: boolean;
  readonly started_ms: number;
  readonly ended_ms: number;
  readonly failed: boolean;
  /** Of these, what may stand in a log line. */
  readonly fields: LogFields;
  /** The `traceparent` of a caller (W3C Trace Context), which is linked to, not continued: its trace is not the subject's. */
  readonly caller?: string | undefined;
}
