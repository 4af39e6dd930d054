import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bannedWordOf, bannedWords, wordsOf } from './lint-rules.mjs';
import { repositoryFiles, ROOT } from './repository-files.js';

// Sizes of files and functions are the linter's (eslint.config.mjs); these rules are about what no linter reads.

const files = repositoryFiles();
const written = files.filter(({ path }) => path !== 'package-lock.json' && path !== 'LICENSE');
const documents = written.filter(({ path }) => path.endsWith('.md'));
const configuration = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };

function textOf(path: string): string {
  const file = files.find((each) => each.path === path);
  if (file === undefined) throw new Error(`there is no ${path}`);
  return file.text;
}

/** `path:line: what was found` for each match outside this file, which has to name what it looks for. */
const findings = (pattern: RegExp, among = written): string[] =>
  among
    .filter(({ path }) => !path.startsWith('test/architecture/'))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, index) => {
        const found = pattern.exec(line);
        return found === null ? [] : [`${path}:${index + 1}: ${found[0].trim()}`];
      }),
    );

describe('names', () => {
  it('no file or folder is named by a word that says nothing', () => {
    const folders = new Set(['common', 'shared', 'types', 'constants', 'misc', 'lib']);
    const faults = written
      .filter(({ path }) => /^(src|migrations|bench|examples)\//.test(path))
      .flatMap(({ path }) =>
        path
          .split('/')
          .slice(1)
          .filter((part) => bannedWordOf(part) !== undefined || folders.has(wordsOf(part)[0] ?? ''))
          .map((part) => `${path}: ${bannedWords[bannedWordOf(part) ?? ''] ?? `"${part}" says nothing of what is inside`}`),
      );
    expect(faults).toEqual([]);
  });

  it('every file of the product is named in kebab-case with its kind behind a dot', () => {
    const odd = written.filter(
      ({ path }) => /^(src|migrations)\/.*\.ts$/.test(path) && !/\/[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.ts$/.test(path),
    );
    expect(odd.map(({ path }) => path)).toEqual([]);
  });

  it('folders are at most two deep below src', () => {
    const deep = written.filter(({ path }) => path.startsWith('src/') && path.split('/').length > 4);
    expect(deep.map(({ path }) => path)).toEqual([]);
  });
});

describe('what is written', () => {
  it('leaves nothing for later: what is not done is an issue, not a comment', () => {
    expect(findings(/\b(TODO|FIXME|HACK)\b/)).toEqual([]);
  });

  it('runs no single test, and leaves none out but by a condition', () => {
    const specs = files.filter(({ path }) => path.endsWith('.spec.ts'));
    expect(
      findings(
        /(?<!\? (?:it|test|describe) : )\b(it|test|describe)\.(only|skip|todo)\b|\b(fit|fdescribe|xit|xdescribe)\(/,
        specs,
      ),
    ).toEqual([]);
  });

  it('names no path of the machine that it was written on', () => {
    expect(findings(/(^|[\s'"`(=:])\/(home|root|Users|work|workspace|workspaces|mnt)\/[\w.-]+/)).toEqual([]);
  });

  it('names no package registry', () => {
    expect(findings(/registry\.(npmjs|yarnpkg)\.\w+|npm\.pkg\.github|artifactory|verdaccio|^registry\s*=/i)).toEqual([]);
  });

  it('ends every file with one line break and no line with blanks', () => {
    const faults = written.filter(
      ({ path, text }) => !path.endsWith('.json') && text !== '' && (!text.endsWith('\n') || text.endsWith('\n\n')),
    );
    expect(faults.map(({ path }) => path)).toEqual([]);
    expect(findings(/[ \t]+$/)).toEqual([]);
  });

  it('keeps the lock file free of addresses, so that it installs from any registry', () => {
    expect(textOf('package-lock.json')).not.toContain('"resolved"');
    expect(textOf('.npmrc')).toContain('omit-lockfile-registry-resolved=true');
  });
});

describe('documents', () => {
  it('have no dead link to a file or a heading of this repository', () => {
    expect(documents.flatMap(({ path, text }) => linksOf(text).flatMap((link) => faultOf(path, link)))).toEqual([]);
  });

  it('mention only scripts that package.json has', () => {
    const unknown = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/npm (?:run(?: --silent)? ([\w:-]+)|(test|start)\b)/g)]
        .map(([, named, short]) => named ?? short ?? '')
        .filter((script) => !Object.hasOwn(configuration.scripts, script))
        .map((script) => `${path}: npm run ${script}`),
    );
    expect(unknown).toEqual([]);
  });

  it('of decisions are all in their index, numbered without a gap', () => {
    const decisions = documents.flatMap(({ path }) => /^docs\/adr\/(\d{4}-.+\.md)$/.exec(path)?.[1] ?? []).sort();
    expect(decisions.map((name) => Number(name.slice(0, 4)))).toEqual(decisions.map((_, index) => index + 1));
    const index = textOf('docs/adr/README.md');
    expect(decisions.filter((name) => !index.includes(`(${name})`))).toEqual([]);
  });
});

/** Targets of links and images, code left out. */
const linksOf = (text: string): string[] =>
  [...text.replace(/```[\s\S]*?```|`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map(
    ([, target]) => target ?? '',
  );

function faultOf(document: string, link: string): string[] {
  if (/^[a-z]+:/.test(link)) return [];
  const [path = '', heading] = link.split('#');
  const target = path === '' ? document : join(dirname(document), path);
  if (!existsSync(join(ROOT, target))) return [`${document}: ${link} leads nowhere`];
  if (heading === undefined || !target.endsWith('.md')) return [];
  return headingsOf(textOf(target)).has(heading) ? [] : [`${document}: ${link} names no heading`];
}

/** The anchors that a Markdown viewer gives to headings. */
const headingsOf = (text: string): Set<string> =>
  new Set(
    [...text.replace(/```[\s\S]*?```/g, '').matchAll(/^#{1,6} (.+)$/gm)].map(([, title]) =>
      (title ?? '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );
