import { expect, it } from '@jest/globals';
import { repositoryFiles } from './repository-files.js';
import { type SqlText, sqlTexts } from './sql-texts.js';

const schema = repositoryFiles().find(({ path }) => path === 'migrations/schema.sql')?.text ?? '';
const tables = [...schema.matchAll(/^CREATE TABLE (\w+) \((.*?)^\)/gms)].map(([, name = '', columns = '']) => ({
  name,
  columns,
}));
const owned = tables.filter(({ columns }) => /^\s+merchant_id /m.test(columns)).map(({ name }) => name);
const common = tables.map(({ name }) => name).filter((name) => !owned.includes(name));

/** Also where the table is only known when it runs. */
const touches = (names: readonly string[]): RegExp =>
  new RegExp(String.raw`\b(FROM|JOIN|INTO|UPDATE) ((${names.join('|')})\b|\$\{)`);

/** At rows of a merchant that the caller names: by id, by the merchant, or by a list of rows that is given along. */
function isBound({ text }: SqlText): boolean {
  // A connector, or another thing that every merchant shares, leads to all of theirs.
  const own = text
    .replace(new RegExp(String.raw`(${common.join('|')})( \w+)? WHERE (\w+\.)?id = \$\d`, 'g'), '')
    .replaceAll(/connector_id = \$\d/g, '')
    // What is counted apart is read like the rest.
    .replaceAll(/FILTER \(WHERE .*?\)::/gs, '');
  return (
    /\b(id|place|\w+_id) = (ANY ?\( ?|\$\{anyOf\(')?\$\d/.test(own) ||
    /\b(unnest|jsonb?_to_recordset)\( ?\$\d|\$\{[A-Z_]+\.as\('/.test(own) ||
    /INSERT INTO \w+ \([^)]*merchant_id/.test(own)
  );
}

const walks = sqlTexts().filter((sql) => touches(owned).test(sql.text) && !isBound(sql));
const page = repositoryFiles().find(({ path }) => path === 'docs/performance.md')?.text ?? '';
const listed = [...page.matchAll(/^\| `(\S+\.ts \w+)` \|/gm)].map(([, place]) => place);

it('a statement names the merchant or the rows it is about, or is in the list of docs/performance.md with why it asks a whole shard', () => {
  const unlisted = walks
    .filter(({ place }) => !listed.includes(place))
    .map(({ place, text }) => `${place}: ${text.slice(0, 100)}`);
  expect(unlisted).toEqual([]);
});

it('the list of docs/performance.md has no statement that is gone, or names its merchant by now', () => {
  expect(listed.filter((place) => !walks.some((walk) => walk.place === place))).toEqual([]);
});

it('tells a statement that walks over merchants from one that is bound', () => {
  const judged = (text: string): boolean => isBound({ place: '', text });
  expect(judged('SELECT id FROM payout WHERE merchant_id = $1')).toBe(true);
  expect(judged('UPDATE payout p SET status = v.status FROM unnest($1::uuid[]) AS v (id) WHERE p.id = v.id')).toBe(true);
  expect(judged("UPDATE payout p SET status = v.status FROM ${WRITES.as('v')} WHERE p.id = v.id")).toBe(true);
  expect(judged(`SELECT merchant_id FROM payout WHERE status = 'SCHEDULED'`)).toBe(false);
  expect(judged('SELECT id FROM payout WHERE connector_id = $1 AND EXISTS (SELECT FROM connector WHERE id = $1)')).toBe(false);
});
