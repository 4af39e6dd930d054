import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { testDatabase, type TestDatabase } from '../support/index.js';

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const guide = readFileSync(root('docs/operations.md'), 'utf8');

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation | undefined>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}
const document = JSON.parse(readFileSync(root('docs/openapi.json'), 'utf8')) as Document;

/** Every request that the guide prints: its method, its path, what stands behind the question mark, and its body. */
const REQUEST = /`(GET|POST|PATCH|DELETE) (\/[^`?\s]+)(?:\?([^`\s]*))?(?: \{([^`]*)\})?`/g;
const requests = [...guide.matchAll(REQUEST)].map(([written, method = '', path = '', query = '', body = '']) => {
  const asked = query === '' ? [] : query.split('&').map((pair) => pair.split('=')[0] ?? '');
  return { written, method: method.toLowerCase(), path, names: [...asked, ...membersIn(body)] };
});

/** Of an example in JSON its members; of a sketch (`status, reason`) the words. */
function membersIn(body: string): string[] {
  if (body.includes('"')) return Object.keys(JSON.parse(`{${body}}`.replaceAll('[…]', '[]')) as object);
  return body.split(',').flatMap((word) => (word === '' ? [] : word.trim()));
}

const anyName = (path: string): string => path.replaceAll(/\{[^}]*\}/g, '{}');
const operationOf = (method: string, path: string): Operation | undefined =>
  Object.entries(document.paths).find(([known]) => anyName(known) === anyName(path))?.[1][method];

/** What an operation takes of these: names in its query, members of its body. */
function membersOf({ requestBody }: Operation): string[] {
  const schemas = Object.values(requestBody?.content ?? {}).map(({ schema }) => schema);
  return schemas.flatMap(({ $ref, properties }) =>
    Object.keys(properties ?? document.components.schemas[$ref?.split('/').at(-1) ?? '']?.properties ?? {}),
  );
}

describe('docs/operations.md', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await testDatabase();
  });
  afterAll(() => db.close());

  it('prints requests that the API takes', () => {
    expect(requests.length).toBeGreaterThan(20);
    const wrong = requests.flatMap(({ written, method, path, names }) => {
      const operation = operationOf(method, path);
      if (operation === undefined) return path.startsWith('/v1') ? [`${written}: there is no such route`] : [];
      const named = new Set([...(operation.parameters ?? []).map(({ name }) => name), ...membersOf(operation)]);
      return names.filter((name) => !named.has(name)).map((name) => `${written}: ${name} is not known there`);
    });
    expect(wrong).toEqual([]);
  });

  it('names metrics that are measured', () => {
    const sources = readdirSync(root('src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(root(`src/${name}`), 'utf8'))
      .join('\n');
    const named = [...new Set(guide.match(/\btranche_[a-z_]+(?=`)/g))];
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !new RegExp(`'(tranche_)?${name.slice('tranche_'.length)}'`).test(sources))).toEqual([]);
  });

  it('prints statements that run', async () => {
    const blocks = [...guide.matchAll(/```sql\n([^`]+)```/g), ...guide.matchAll(/`(SELECT [^`]+)`/g)];
    expect(blocks.length).toBeGreaterThan(2);
    for (const [, text = ''] of blocks) await db.dataSource.query(text);
  });
});

describe('the doctor', () => {
  const said = readdirSync(root('src/doctor'))
    .filter((name) => name.startsWith('judge-'))
    .map((name) => readFileSync(root(`src/doctor/${name}`), 'utf8'))
    .join('\n');

  it('names routes that there are', () => {
    const routes = [...said.matchAll(/(GET|POST|PATCH) (\/v1\/[\w/{}-]+)/g)];
    expect(routes.length).toBeGreaterThan(4);
    const unknown = routes.filter(([, method = '', path = '']) => operationOf(method.toLowerCase(), path) === undefined);
    expect(unknown.map(([written]) => written)).toEqual([]);
  });

  it('names chapters that there are', () => {
    const chapters = [...said.matchAll(/docs\/operations\.md, ([^').]+)/g)].map(([, chapter = '']) => chapter);
    expect(chapters.length).toBeGreaterThan(8);
    const headings = new Set([...guide.matchAll(/^##+ (.+)$/gm)].map(([, heading]) => heading));
    expect(chapters.filter((chapter) => !headings.has(chapter))).toEqual([]);
  });
});
