import type { Result, Standing } from './contest.js';
import { shown } from './table.js';

const BAR_HEIGHT = 18;
const ROW_HEIGHT = 26;
const LABEL_WIDTH = 210;
const BARS_WIDTH = 420;
const VALUE_WIDTH = 170;
const TITLE_HEIGHT = 30;
/** Seen on white and on black. */
const COLOURS: Readonly<Record<Standing['kind'], string>> = { engine: '#2f7de1', limit: '#8a8f98', peer: '#d08a2e' };

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Every contest by its first measure: a bar for each contender, as long as its median, with a line from the least to the most. */
export function toChart(results: readonly Result[]): string {
  const drawn: string[] = [];
  let top = 0;
  for (const result of results) {
    drawn.push(`<text x="0" y="${top + 18}" font-weight="bold">${escaped(titleOf(result))}</text>`);
    top += TITLE_HEIGHT;
    for (const bar of barsOf(result)) {
      drawn.push(bar(top));
      top += ROW_HEIGHT;
    }
    top += ROW_HEIGHT / 2;
  }
  const width = LABEL_WIDTH + BARS_WIDTH + VALUE_WIDTH;
  const style = 'font-family="system-ui, sans-serif" font-size="13" fill="#6b7280"';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" ${style}>\n${drawn.join('\n')}\n</svg>\n`;
}

function titleOf({ title, measures }: Result): string {
  const [measure] = measures;
  return `${title}: ${measure?.name ?? ''}, ${measure?.unit ?? ''} (${measure?.better === 'more' ? 'longer' : 'shorter'} is better)`;
}

function barsOf({ measures, standings }: Result): ((top: number) => string)[] {
  const name = measures[0]?.name ?? '';
  const most = Math.max(...standings.map(({ figures }) => figures[name]?.max ?? 0));
  const at = (value: number): number => LABEL_WIDTH + (value / most) * BARS_WIDTH;
  return standings.flatMap((standing) => {
    const spread = standing.figures[name];
    if (spread === undefined) return [];
    return [
      (top: number) => {
        const middle = top + BAR_HEIGHT / 2;
        return [
          `<text x="${LABEL_WIDTH - 8}" y="${middle + 5}" text-anchor="end">${escaped(standing.name)}</text>`,
          `<rect x="${LABEL_WIDTH}" y="${top}" width="${(at(spread.median) - LABEL_WIDTH).toFixed(1)}" height="${BAR_HEIGHT}" rx="2" fill="${COLOURS[standing.kind]}"/>`,
          `<path d="M${at(spread.min).toFixed(1)} ${middle}H${at(spread.max).toFixed(1)}" stroke="#111827" stroke-opacity=".55" stroke-width="2"/>`,
          `<text x="${at(spread.max).toFixed(1)}" dx="8" y="${middle + 5}">${shown(spread.median)}</text>`,
        ].join('\n');
      },
    ];
  });
}
