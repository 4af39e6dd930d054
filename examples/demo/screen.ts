const isTerminal = process.stdout.isTTY;
const hasColours = isTerminal && process.env['NO_COLOR'] === undefined;
/** Where nothing can be redrawn (CI, a file), one line of progress this often. */
const PLAIN_EVERY_MS = 1_000;

const paint =
  (code: number) =>
  (text: string): string =>
    hasColours ? `\u001b[${code}m${text}\u001b[0m` : text;

export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);
export const blue = paint(34);

/** Lines that stay, and below them a few that are drawn again and again. */
export class Screen {
  private drawn: readonly string[] = [];
  private plainAt = -Infinity;

  say(...lines: readonly string[]): void {
    const live = this.drawn;
    this.clear();
    for (const line of lines) console.log(line === '' ? '' : `  ${line}`);
    if (live.length > 0) this.redraw(live);
  }

  /** Something was done. */
  step(title: string, ...details: readonly string[]): void {
    const [first = '', ...more] = details;
    this.say(`${green('✔')} ${bold(title.padEnd(11))} ${first}`, ...more.map((detail) => `${' '.repeat(14)}${dim(detail)}`));
  }

  /** @param plain the same in one line, for where nothing can be redrawn. */
  draw(lines: readonly string[], plain: string): void {
    if (isTerminal) {
      this.clear();
      this.redraw(lines);
    } else if (performance.now() - this.plainAt >= PLAIN_EVERY_MS) {
      this.plainAt = performance.now();
      console.log(`  ${plain}`);
    }
  }

  /** Takes the drawn lines away. */
  clear(): void {
    if (this.drawn.length > 0) process.stdout.write(`\u001b[${this.drawn.length}A\u001b[J`);
    this.drawn = [];
  }

  private redraw(lines: readonly string[]): void {
    process.stdout.write(lines.map((line) => `  ${line}\n`).join(''));
    this.drawn = lines;
  }

  /** Numbers to the right, the rest to the left. */
  table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
    const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => String(row[column] ?? '').length)));
    const cell = (value: string | number, column: number): string => {
      const width = widths[column] ?? 0;
      const isNumber = rows.some((row) => /\d$/.test(String(row[column])));
      return isNumber ? String(value).padStart(width) : String(value).padEnd(width);
    };
    this.say('', bold(head.map(cell).join('   ').trimEnd()), ...rows.map((row) => row.map(cell).join('   ').trimEnd()));
  }
}
