import 'reflect-metadata';

import { readFile, writeFile } from 'node:fs/promises';
// Whatever the application loads has declared its problems and events by then.
import './app.module.js';
import { BULK_STATUS_RULES, payoutLifecycle } from './bulks/index.js';
import { payoutLinkLifecycle } from './payout-links/index.js';
import { payoutIntentLifecycle } from './payouts/index.js';
import { envExample } from './platform/config/index.js';
import { allProblems, type ProblemDefinition } from './platform/http/index.js';
import { toMarkdown } from './platform/lifecycle/index.js';
import { allEvents, deliveryLifecycle, type EventTypeDefinition, type JsonSchema, resendLifecycle } from './webhooks/index.js';

const MADE = '<!-- Made by `npm run docs` from the tables in the code: change those. -->';

/** Every document that is a view of the code, by its path from the root of the repository. The API document: src/print-openapi.ts. */
const documents: Readonly<Record<string, () => string>> = {
  '.env.example': envExample,
  'docs/lifecycles.md': () =>
    page('Lifecycles', [
      'What happens to a payout, to the intent at its provider, to a payout link, to each delivery of a webhook, and to resends, which send many of them again: every state, every step, and the event that tells it. A state that no step leaves is final.',
      ...[payoutLifecycle, payoutIntentLifecycle, payoutLinkLifecycle, deliveryLifecycle, resendLifecycle].map(toMarkdown),
      bulkChapter(),
    ]),
  'docs/events.md': () => page('Events', [EVENTS_INTRODUCTION, ...eventGroups().map(eventGroupChapter)]),
  'docs/problems.md': () => page('Problems', [PROBLEMS_INTRODUCTION, problemTable()]),
};

/** Blocks with one empty line between them, whatever they end with. */
const page = (title: string, blocks: readonly string[]): string =>
  `${[MADE, `# ${title}`, ...blocks.map((block) => block.trimEnd())].join('\n\n')}\n`;

const json = (value: unknown): string => ['```json', JSON.stringify(value, null, 2), '```'].join('\n');

/** A bulk takes no steps of its own: its status is read off its payouts. */
function bulkChapter(): string {
  const questions = BULK_STATUS_RULES.flatMap(({ status, reads }, index) => [
    `    q${index}{${reads}?} -- yes --> ${status}`,
    `    q${index} -- no --> ${index + 1 === BULK_STATUS_RULES.length ? 'PROCESSED' : `q${index + 1}`}`,
  ]);
  const rows = BULK_STATUS_RULES.map(({ status, reads }) => `| ${reads} | \`${status}\` |`);
  return [
    '## bulk',
    '',
    'A function of its payouts; cancelled ones are left out unless all are. *Done* is `PROCESSED` or `INTENT_CREATION_FAILED`. The first rule that holds counts.',
    '',
    '```mermaid',
    'flowchart TD',
    ...questions,
    '```',
    '',
    '| of the payouts | the bulk is |',
    '|---|---|',
    ...rows,
    '| else | `PROCESSED` |',
  ].join('\n');
}

const EVENTS_INTRODUCTION = [
  'Each event is written in the transaction of the change that it tells. `GET /v1/events` gives all of them in one order, and webhooks carry them to your endpoints: signed as [Standard Webhooks](https://www.standardwebhooks.com), at least once, in the order of `sequence` for each payout. Across payouts no order is promised. `webhook-id` is the id of the event, and the bytes of the body are the same on every attempt.',
  '',
  'Where the operator removes old events, the feed begins behind the last one that was removed: from there on nothing is missing, and a cursor before it is answered 410 `cursor_expired`. The events of one bulk or payout by its own path are all that are kept of it. [How to catch up](receiving-webhooks.md#catching-up).',
  '',
  'The body is `{type, timestamp, data}`. Below is the `data` of each type; the JSON Schema of each stands in [openapi.json](openapi.json) under `webhooks`. Bear members that you do not know: new ones may come at any time. No account number, name or address is in any event.',
].join('\n');

type EventEntry = [type: string, definition: EventTypeDefinition];

/** The types by their first word, which says what they are about. */
function eventGroups(): [subject: string, EventEntry[]][] {
  const groups = new Map<string, EventEntry[]>();
  for (const entry of allEvents()) {
    const subject = entry[0].startsWith('webhook') ? 'webhook endpoint' : (entry[0].split('.')[0] ?? '').replaceAll('_', ' ');
    groups.set(subject, [...(groups.get(subject) ?? []), entry]);
  }
  return [...groups];
}

const eventGroupChapter = ([subject, entries]: [string, EventEntry[]]): string =>
  [
    `## About a ${subject}`,
    '',
    '| type | when |',
    '|---|---|',
    ...entries.map(([type, { meaning }]) => `| [\`${type}\`](#${anchorOf(type)}) | ${meaning} |`),
    '',
    ...entries.flatMap(eventChapter),
  ].join('\n');

const anchorOf = (type: string): string => type.replaceAll('.', '');

function eventChapter([type, { meaning, example, schema }]: EventEntry): string[] {
  const narrowed = Object.entries(schema['properties'] as Readonly<Record<string, JsonSchema>>).flatMap(([name, member]) =>
    'const' in member ? [`\`${name}\` is \`${JSON.stringify(member['const'])}\``] : [],
  );
  return [`### ${type}`, '', `${meaning}${narrowed.length > 0 ? ` Always: ${narrowed.join(', ')}.` : ''}`, '', json(example), ''];
}

const PROBLEMS_INTRODUCTION = [
  'Every refusal is `application/problem+json` (RFC 9457):',
  '',
  json({
    type: 'urn:tranche:problem:invalid_field',
    title: 'Invalid field',
    status: 422,
    detail: 'One field is not as it has to be; see errors.',
    code: 'invalid_field',
    request_id: 'req_01kb4n3w2ze3rbz4jrd9qk6v1x',
    errors: [{ pointer: '/timezone', code: 'invalid_field', detail: 'Name an IANA time zone, such as Europe/Berlin.' }],
  }),
  '',
  '`code` is for programs and keeps its meaning; `detail` says how to mend this request. `errors` lists every finding, each with a JSON Pointer into the body. Which route answers which code stands in [openapi.json](openapi.json). What validation finds in an item of a bulk is no problem but an issue of that payout, and refuses nothing.',
].join('\n');

const problemTable = (): string => {
  const byStatus = ([codeA, a]: [string, ProblemDefinition], [codeB, b]: [string, ProblemDefinition]): number =>
    a.status - b.status || (codeA < codeB ? -1 : 1);
  return [
    '| status | code | when, and what to do |',
    '|---|---|---|',
    ...allProblems()
      .sort(byStatus)
      .map(([code, { status, meaning }]) => `| ${status} | \`${code}\` | ${meaning} |`),
  ].join('\n');
};

/** Writes the documents; with `--check` only compares them, and fails naming each that has drifted. */
async function printDocs(check: boolean): Promise<void> {
  const drifted: string[] = [];
  for (const [path, render] of Object.entries(documents)) {
    const text = render();
    const kept = await readFile(path, 'utf8').catch(() => null);
    if (kept === text) continue;
    if (check) drifted.push(path);
    else await writeFile(path, text);
  }
  if (drifted.length > 0) throw new Error(`no longer what the code says: ${drifted.join(', ')}; run npm run docs`);
}

await printDocs(process.argv.includes('--check'));
