/** One row of a table of refusals: the code is the key, the rest is what every answer with this code has in common. */
export interface ProblemDefinition {
  readonly status: number;
  /** Short and constant (RFC 9457 `title`). */
  readonly title: string;
  /** One sentence on when it is answered and how to mend it, for OpenAPI and the docs. */
  readonly meaning: string;
}

/** One finding inside a refused request: a JSON Pointer into the body, a code of the table, a sentence that says how to mend it. */
export interface ProblemFinding {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

export interface ProblemOptions {
  readonly errors?: readonly ProblemFinding[];
  /** Further members of the answer, such as `existing_id`. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

const registered = new Map<string, ProblemDefinition>();

/**
 * Declares a module's refusals and gives the function that makes them: `throw bulkProblem('too_many_items', '…')`.
 * Every code of the process is in one table, which drives answers, OpenAPI and docs.
 */
export function defineProblems<const Code extends string>(
  table: Readonly<Record<Code, ProblemDefinition>>,
): (code: Code, detail: string, options?: ProblemOptions) => Problem {
  for (const [code, definition] of Object.entries<ProblemDefinition>(table)) {
    if (registered.has(code)) throw new Error(`problem code ${code} is declared twice`);
    registered.set(code, definition);
  }
  return (code, detail, options) => new Problem(code, table[code], detail, options);
}

/** Every code that any loaded module may answer, sorted. */
export const allProblems = (): [string, ProblemDefinition][] => [...registered].sort(([a], [b]) => a.localeCompare(b));

/** A refusal, thrown anywhere below a controller and answered as `application/problem+json` (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly definition: ProblemDefinition,
    readonly detail: string,
    readonly options: ProblemOptions = {},
  ) {
    super(`${code}: ${detail}`);
  }
}

/** What its answer has by lower-case name, besides what every answer has. */
export const headersOf = ({ options }: Problem): Record<string, string> =>
  Object.fromEntries(Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
