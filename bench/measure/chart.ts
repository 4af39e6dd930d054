import type { Result, Standing } from './contest.js';
import { shown } from './table.js';

const BAR_HEIGHT = 16;
const ROW_HEIGHT = 23;
const LABEL_WIDTH = 300;
const BARS_WIDTH = 380;
const VALUE_WIDTH = 110;
const TITLE_HEIGHT = 46;
const GAP = 22;
const WIDTH = LABEL_WIDTH + BARS_WIDTH + VALUE_WIDTH;
const MARGIN = 20;

/** Colours of its own on a ground of its own, so that it is seen on a light page and on a dark one. */
const STYLE = `
  svg { --ground: #ffffff; --ink: #1f2328; --quiet: #656d76; --engine: #2f7de1; --limit: #9aa3ad; --peer: #d99a3d; }
  @media (prefers-color-scheme: dark) { svg { --ground: #15191f; --ink: #e6edf3; --quiet: #8d96a0; --engine: #4a97f2; --limit: #5c6671; --peer: #c88a33; } }
  text { font: 12.5px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: var(--ink); }
  .title { font-weight: 600; font-size: 13.5px; } .quiet { fill: var(--quiet); } .ground { fill: var(--ground); }
  .engine { fill: var(--engine); } .limit { fill: var(--limit); } .peer { fill: var(--peer); } .spread { stroke: var(--ink); stroke-width: 1.5; stroke-opacity: .6; }`;

const LEGEND: readonly (readonly [Standing['kind'], string])[] = [
  ['engine', 'Tranche'],
  ['limit', 'the limit'],
  ['peer', 'a peer'],
];

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Every contest by its first measure: a bar for each contender, as long as its median, with a line from the least to the most. */
export function toChart(results: readonly Result[]): string {
  const drawn = [legend()];
  let top = 40;
  for (const { title, measures, standings } of results) {
    const [measure] = measures;
    if (measure === undefined) continue;
    const better = measure.better === 'more' ? 'longer' : 'shorter';
    drawn.push(`<text class="title" x="0" y="${top + 12}">${escaped(title)}</text>`);
    drawn.push(
      `<text class="quiet" x="0" y="${top + 29}">${escaped(`${measure.name}, ${measure.unit}; ${better} is better`)}</text>`,
    );
    top += TITLE_HEIGHT;
    const seen = standings.flatMap(({ name, kind, figures }) => {
      const spread = figures[measure.name];
      return spread === undefined ? [] : [{ name, kind, spread }];
    });
    const most = Math.max(...seen.map(({ spread }) => spread.max), Number.MIN_VALUE);
    for (const bar of seen) {
      drawn.push(drawnBar(bar, { top, most }));
      top += ROW_HEIGHT;
    }
    top += GAP;
  }
  const [width, height] = [WIDTH + 2 * MARGIN, top + MARGIN];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Every contest by its first measure">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${width}" height="${height}" rx="8"/>`,
    `<g transform="translate(${MARGIN} ${MARGIN})">`,
    ...drawn,
    '</g>\n</svg>\n',
  ].join('\n');
}

function legend(): string {
  const keys = LEGEND.map(([kind, name], place) => {
    const x = place * 110;
    return `<rect class="${kind}" x="${x}" y="0" width="12" height="12" rx="2"/><text class="quiet" x="${x + 18}" y="11">${name}</text>`;
  });
  return [...keys, `<text class="quiet" x="${LEGEND.length * 110}" y="11">bar: median; line: least to most</text>`].join('\n');
}

interface Bar {
  readonly name: string;
  readonly kind: Standing['kind'];
  readonly spread: { readonly median: number; readonly min: number; readonly max: number };
}

function drawnBar({ name, kind, spread }: Bar, { top, most }: { readonly top: number; readonly most: number }): string {
  // A figure below nothing (earlier than due) has no bar.
  const at = (value: number): number => LABEL_WIDTH + (Math.max(0, value) / most) * BARS_WIDTH;
  const middle = top + BAR_HEIGHT / 2;
  const [end, low, high] = [spread.median, spread.min, spread.max].map((value) => at(value).toFixed(1));
  return [
    `<text x="${LABEL_WIDTH - 10}" y="${middle + 4.5}" text-anchor="end">${escaped(name)}</text>`,
    `<rect class="${kind}" x="${LABEL_WIDTH}" y="${top}" width="${(Number(end) - LABEL_WIDTH).toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>`,
    spread.min === spread.max ? '' : `<path class="spread" d="M${low} ${middle}H${high}"/>`,
    `<text class="quiet" x="${high}" dx="8" y="${middle + 4.5}">${shown(spread.median)}</text>`,
  ].join('');
}
