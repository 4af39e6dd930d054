import { expect, it } from '@jest/globals';
import ts from 'typescript';
import { repositoryFiles } from './repository-files.js';
import { nameOf } from './sql-texts.js';

interface Index {
  readonly name: string;
  readonly table: string;
  /** Its first column and those of its predicate: a query that goes by the index says all of them. */
  readonly columns: readonly string[];
  /** `<file below src/> <name>, <name>, <file> <name>: what is asked there.` */
  readonly comment: string | null;
}

/** Of agenda, whose schema is what agenda would make it. */
const THEIRS = 'agenda_jobs';
const COMMENT = /^(\S+\.ts \w+(?:, (?:\S+\.ts )?\w+)*): .+\.$/;

const files = new Map(repositoryFiles().map(({ path, text }) => [path, text]));

/** Every index of a dump but primary keys, which whoever names a row goes by. */
function indexesOf(schema: string): Index[] {
  const comments = new Map([...schema.matchAll(/^COMMENT ON INDEX (\w+) IS '(.*)';$/gm)].map(([, name, text]) => [name, text]));
  return schema.split(/^(?=CREATE TABLE )/m).flatMap((part) => {
    const [, table = '', columns = ''] = /^CREATE TABLE (\w+) \((.*?)^\)/ms.exec(part) ?? [];
    const known = [...columns.matchAll(/^ {2}([a-z]\w*) /gm)].map(([, column = '']) => column);
    const found = [
      ...part.matchAll(/^CREATE (?:UNIQUE )?INDEX (\w+) ON \w+ USING \w+ \(+"?(\w+)(?:.*? WHERE (.*))?.*;$/gm),
      ...part.matchAll(/^ {2}CONSTRAINT (\w+) UNIQUE[\w ]* \("?(\w+)/gm),
    ];
    return found.map(([, name = '', first = '', predicate = '']) => ({
      ...{ name, table, comment: comments.get(name) ?? null },
      columns: [first, ...known.filter((column) => says(predicate, column))],
    }));
  });
}

const ours = (schema: string): Index[] => indexesOf(schema).filter(({ table }) => table !== THEIRS);

const says = (text: string, word: string): boolean => new RegExp(String.raw`\b${word}\b`).test(text);

const withoutQuery = (schema: string): string[] =>
  ours(schema)
    .filter(({ comment }) => comment === null || !COMMENT.test(comment))
    .map(({ name }) => name);

function faultsOf(schema: string): string[] {
  return ours(schema).flatMap((index) =>
    placesOf(index.comment ?? '').flatMap(([path, name]) => {
      const text = declarationsOf(files.get(`src/${path}`) ?? '').get(name);
      if (text === undefined) return [`${index.name}: there is no ${path} ${name}`];
      return [index.table, ...index.columns]
        .filter((word) => !says(text, word))
        .map((word) => `${index.name}: ${path} ${name} does not ask for ${word}`);
    }),
  );
}

/** A name that stands alone is of the file before it. */
function placesOf(comment: string): [path: string, name: string][] {
  let file = '';
  return (COMMENT.exec(comment)?.[1] ?? '')
    .split(', ')
    .filter((place) => place !== '')
    .map((place) => {
      const [name = '', path = file] = place.split(' ').reverse();
      file = path;
      return [path, name];
    });
}

/** What is declared under each name of a file, with what it says by the file's own constants and functions. */
function declarationsOf(source: string): ReadonlyMap<string, string> {
  const declared = new Map<string, string>();
  const atTheTop = new Set<string>();
  const visit = (node: ts.Node): void => {
    const name = nameOf(node);
    if (name !== null) declared.set(name, `${declared.get(name) ?? ''}\n${node.getText()}`);
    if (name !== null && !ts.isMethodDeclaration(node)) atTheTop.add(name);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('', source, ts.ScriptTarget.Latest, true));
  const whole = (name: string, seen: Set<string>): string => {
    seen.add(name);
    const text = declared.get(name) ?? '';
    const parts = [...atTheTop].filter((each) => !seen.has(each) && says(text, each)).map((each) => whole(each, seen));
    return [text, ...parts].join('\n');
  };
  return new Map([...declared.keys()].map((name) => [name, whole(name, new Set())]));
}

const schema = files.get('migrations/schema.sql') ?? '';

it('each index says by its comment which query it is for, and there is none without (COMMENT ON INDEX, in a migration)', () => {
  expect(ours(schema).length).toBeGreaterThan(0);
  expect(withoutQuery(schema)).toEqual([]);
});

it('each query that an index names is there, and asks its table for its columns', () => {
  expect(faultsOf(schema)).toEqual([]);
});

it('tells an index that names no query, or one that is gone, or one that asks for something else', () => {
  const table = 'CREATE TABLE payout (\n  id uuid NOT NULL,\n  status text NOT NULL,\n  held boolean NOT NULL,\n  a text,\n';
  const made = (comment: string): string =>
    `${table}  CONSTRAINT payout_pkey PRIMARY KEY (id)\n);\nCREATE INDEX i ON payout USING btree (status) WHERE (NOT held);\n${comment}`;
  const saying = (comment: string): string => made(`COMMENT ON INDEX i IS '${comment}';\n`);
  const unique = `${table}  CONSTRAINT u UNIQUE (a)\n);\n`;
  expect(withoutQuery(made(''))).toEqual(['i']);
  expect(withoutQuery(saying('What is due.'))).toEqual(['i']);
  expect(withoutQuery(unique)).toEqual(['u']);
  const faults = (comment: string): string[] => {
    expect(withoutQuery(saying(comment))).toEqual([]);
    return faultsOf(saying(comment));
  };
  expect(faults('payouts/executor.ts lookAhead: the next.')).toEqual([]);
  expect(faults('payouts/executor.ts lookAhead, lookBack: the next.')).toEqual(['i: there is no payouts/executor.ts lookBack']);
  expect(faults('payouts/gone.ts lookAhead: the next.')).toEqual(['i: there is no payouts/gone.ts lookAhead']);
  expect(faults('bulks/bulk-caps.ts use: the next.')).toEqual([
    'i: bulks/bulk-caps.ts use does not ask for payout',
    'i: bulks/bulk-caps.ts use does not ask for held',
  ]);
});
