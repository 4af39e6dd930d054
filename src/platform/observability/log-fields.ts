/**
 * The names that may stand in a log line: ids, codes, counts, durations and the like. An allow-list, because a list of what
 * to leave out is complete on the day it is written only: bodies, headers, names and account data have no name that fits.
 */
const ALLOWED =
  /^(?:id|code|status|method|route|name|version|attempt|reason|outcome|topic|job|role|port|host|\w+_(?:id|ids|code|count|no|ms|s|at|bytes|type|status))$/;

/** Longer than any id or code: what does not fit is no such thing. */
const TEXT_LENGTH_MAX = 200;

export type LogFields = Record<string, unknown>;

/** What of these fields may be logged. */
export function allowedFields(fields: Readonly<LogFields>): LogFields {
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => ALLOWED.test(name) && isPlain(value)));
}

function isPlain(value: unknown): boolean {
  if (Array.isArray(value))
    return value.length <= 100 && value.every((element) => typeof element !== 'object' && isPlain(element));
  return (
    value === null ||
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    (typeof value === 'string' && value.length <= TEXT_LENGTH_MAX)
  );
}

/** Names a database error gives beside its message: of our own schema, never of a row. */
const SCHEMA_NAMES = ['severity', 'schema', 'table', 'column', 'constraint', 'routine'] as const;

/**
 * An error for the log: its kind, code and stack. The message of a database error quotes the value that it stumbled over,
 * so what is between quotes is cut out there, and `detail`, which repeats whole rows, is left out.
 */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as NodeJS.ErrnoException;
  const ofDatabase = 'severity' in error;
  const names = ofDatabase ? SCHEMA_NAMES.map((name) => [name, (error as unknown as LogFields)[name]] as const) : [];
  return {
    type: error.constructor.name,
    ...(code === undefined ? {} : { code }),
    message: (ofDatabase ? error.message.replace(/"[^"]*"/g, '"…"') : error.message).slice(0, TEXT_LENGTH_MAX),
    ...Object.fromEntries(names.filter(([, value]) => value !== undefined)),
    // Frames only: the first lines of a stack repeat the message.
    stack: error.stack
      ?.split('\n')
      .filter((line) => /^\s+at /.test(line))
      .map((line) => line.trim()),
    ...(error.cause === undefined ? {} : { cause: errorFields(error.cause) }),
  };
}
