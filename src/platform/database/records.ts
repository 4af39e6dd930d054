/** What a column may be, and what its values are made of. */
interface ColumnTypes {
  readonly uuid: string;
  readonly text: string;
  readonly integer: number;
  readonly bigint: bigint | number | string;
  readonly 'double precision': number;
  readonly boolean: boolean;
  readonly date: string;
  readonly timestamptz: Date;
  /** Any value that JSON can tell. */
  readonly json: unknown;
}

type Columns = Readonly<Record<string, keyof ColumnTypes>>;

type RecordOf<Of extends Columns> = { readonly [Name in keyof Of]: ColumnTypes[Of[Name]] | null };

/**
 * A set of records as the parameters of one statement: an array for each column, which the server reads side by side. As JSON it
 * cost the server twice as much to read them ([decision 33](../../../docs/adr/0033-records-travel-as-columns.md)).
 */
export class Records<Of extends Columns> {
  private readonly types: readonly (readonly [name: string, type: keyof ColumnTypes])[];

  constructor(columns: Of) {
    this.types = Object.entries(columns);
  }

  /** How many parameters they are. */
  get width(): number {
    return this.types.length;
  }

  /** For a FROM clause: the records under this alias, whose columns are the parameters from `first` on. */
  as(alias: string, first = 1): string {
    const arrays = this.types.map(([, type], index) => `$${first + index}::${type}[]`);
    return `unnest(${arrays.join(', ')}) AS ${alias} (${this.types.map(([name]) => `"${name}"`).join(', ')})`;
  }

  /** The parameters, in the order of `as`. */
  of(rows: readonly RecordOf<Of>[]): string[] {
    return this.types.map(([name, type]) =>
      arrayOf(
        type,
        rows.map((row) => row[name]),
      ),
    );
  }
}

function arrayOf(type: keyof ColumnTypes, values: readonly unknown[]): string {
  const element = ELEMENTS[type];
  return `{${values.map((value) => (value === null || value === undefined ? 'NULL' : element(value))).join(',')}}`;
}

/** What means something inside an array stands behind a backslash (PostgreSQL, 8.15.6). */
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

const ELEMENTS: Readonly<Record<keyof ColumnTypes, (value: unknown) => string>> = {
  uuid: String,
  text: (value) => quoted(String(value)),
  integer: String,
  bigint: String,
  'double precision': String,
  boolean: String,
  date: String,
  timestamptz: (value) => (value as Date).toISOString(),
  json: (value) => quoted(JSON.stringify(value)),
};
