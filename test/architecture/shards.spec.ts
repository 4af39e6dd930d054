import { expect, it } from '@jest/globals';
import { repositoryFiles } from './repository-files.js';
import { type SqlText, sqlTexts } from './sql-texts.js';
import { tablePlaces } from './table-places.js';

const page = repositoryFiles().find(({ path }) => path === 'docs/performance.md')?.text ?? '';
const { own, through, common, unplaced, misplaced } = tablePlaces(page);

/** Also where the table is only known when it runs. */
const touches = (names: readonly string[]): RegExp =>
  new RegExp(String.raw`\b(FROM|JOIN|INTO|UPDATE|USING) ((${names.join('|')})\b|\$\{)`);

/** At rows of a merchant that the caller names: by id, by the merchant, or by a list of rows that is given along. */
function isBound({ text }: SqlText): boolean {
  // A connector, or another thing that every merchant shares, leads to all of theirs.
  const named = text
    .replace(new RegExp(String.raw`(${common.join('|')})( \w+)?( SET .*?)? WHERE (\w+\.)?id = \$\d`, 'g'), '')
    .replaceAll(/connector_id = \$\d/g, '')
    // What is counted apart is read like the rest.
    .replaceAll(/FILTER \(WHERE .*?\)::/gs, '');
  return (
    /\b(id|place|\w+_id) = (ANY ?\( ?|\$\{anyOf\(')?\$\d/.test(named) ||
    /\b(unnest|jsonb?_to_recordset)\( ?\$\d|\$\{[A-Z_]+\.as\('/.test(named) ||
    /INSERT INTO (\w+ \([^)]*merchant_id|merchant \(id\b)/.test(named)
  );
}

const merchants = touches([...own, ...through.keys()]);
const walks = sqlTexts().filter((sql) => merchants.test(sql.text) && !isBound(sql));
const listed = [...page.matchAll(/^\| `(\S+\.ts \w+)` \|/gm)].map(([, place = '']) => place);

const times = (places: readonly string[], place: string): number => places.filter((one) => one === place).length;

/** All statements of a place that has more of them than rows: a row stands for one, and the next wants a reason of its own. */
const unlisted = (found: readonly SqlText[], rows: readonly string[]): string[] => {
  const places = found.map(({ place }) => place);
  return found
    .filter(({ place }) => times(places, place) > times(rows, place))
    .map(({ place, text }) => `${place}: ${text.slice(0, 100)}`);
};

it('a statement names the merchant or the rows it is about, or has a row in docs/performance.md with why it asks a whole shard', () => {
  expect(unlisted(walks, listed)).toEqual([]);
});

it('the list of docs/performance.md has no statement that is gone, or names its merchant by now', () => {
  const places = walks.map(({ place }) => place);
  expect(listed.filter((place) => times(listed, place) > times(places, place))).toEqual([]);
});

it('a table has a merchant_id, or docs/performance.md says whose its rows are', () => {
  expect(unplaced).toEqual([]);
  expect(misplaced).toEqual([]);
});

it('a second statement that walks in a method of the list is not covered by the row of the first', () => {
  const place = 'bulks/a.ts next';
  const both = ['SELECT id FROM payout', 'SELECT id FROM bulk'].map((text) => ({ place, text }));
  expect(unlisted(both, [place])).toEqual([`${place}: SELECT id FROM payout`, `${place}: SELECT id FROM bulk`]);
  expect(unlisted(both, [place, place])).toEqual([]);
});

it('tells a statement that walks over merchants from one that is bound', () => {
  const judged = (text: string): boolean => isBound({ place: '', text });
  expect(judged('SELECT id FROM payout WHERE merchant_id = $1')).toBe(true);
  expect(judged('UPDATE payout p SET status = v.status FROM unnest($1::uuid[]) AS v (id) WHERE p.id = v.id')).toBe(true);
  expect(judged("UPDATE payout p SET status = v.status FROM ${WRITES.as('v')} WHERE p.id = v.id")).toBe(true);
  expect(judged(`SELECT merchant_id FROM payout WHERE status = 'SCHEDULED'`)).toBe(false);
  expect(judged('SELECT id FROM payout WHERE connector_id = $1 AND EXISTS (SELECT FROM connector WHERE id = $1)')).toBe(false);
  expect(judged('WITH seen AS (UPDATE stray_payment SET detail = $2) UPDATE connector SET busy_until = NULL WHERE id = $1')).toBe(
    false,
  );
  expect(judged('INSERT INTO merchant (id, name) VALUES ($1, $2)')).toBe(true);
});
