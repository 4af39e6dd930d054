import { repositoryFiles } from './repository-files.js';

export interface TablePlaces {
  /** With a `merchant_id`, or the merchant itself. */
  readonly own: readonly string[];
  /** Rows without a `merchant_id`, and the table that leads to their merchant. */
  readonly through: ReadonlyMap<string, string>;
  /** Small and the same for every merchant of the shard. */
  readonly common: readonly string[];
  /** In none of the three. */
  readonly unplaced: readonly string[];
  /** Named by the page and not in the schema, or by `merchant_id` placed already. */
  readonly misplaced: readonly string[];
}

/** Whose the rows of each table are: by the column `merchant_id`, or by what the page says of a table without it. */
export function tablePlaces(page: string): TablePlaces {
  const schema = repositoryFiles().find(({ path }) => path === 'migrations/schema.sql')?.text ?? '';
  const tables = [...schema.matchAll(/^CREATE TABLE (\w+) \((.*?)^\)/gms)].map(([, name = '', columns = '']) => ({
    name,
    columns,
  }));
  const marked = tables.filter(({ columns }) => /^\s+merchant_id /m.test(columns)).map(({ name }) => name);
  const unmarked = tables.map(({ name }) => name).filter((name) => !marked.includes(name));
  const said = [...page.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| (own|common|through `(\w+)`)/gm)].flatMap(
    ([, names = '', whose, parent]) => names.split(', ').map((name) => ({ name: name.replaceAll('`', ''), whose, parent })),
  );
  const own = [...marked, ...said.filter(({ whose }) => whose === 'own').map(({ name }) => name)];
  return {
    own,
    through: new Map(said.flatMap(({ name, parent }) => (parent === undefined ? [] : [[name, parent] as const]))),
    common: said.filter(({ whose }) => whose === 'common').map(({ name }) => name),
    unplaced: unmarked.filter((name) => !said.some((one) => one.name === name)),
    misplaced: said
      .filter(({ name, parent }) => !unmarked.includes(name) || (parent && !own.includes(parent)))
      .map(({ name }) => name),
  };
}
