import { type Check, type Evidence, sumOf } from './checks.js';
import type { Payout } from './contract.js';
import { bold, dim, green, red, type Screen } from './screen.js';

/** As many faults of one promise as help anybody. */
const FAULTS_SHOWN = 5;

/** The most frequent first. */
function tally(values: readonly string[]): [value: string, count: number][] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([a, many], [b, few]) => few - many || a.localeCompare(b));
}

/** What happened, in three tables. */
export function showTables(screen: Screen, { payouts, received }: Evidence): void {
  const endings = tally(
    payouts.map(({ status, intent }) => [status, intent?.status ?? '-', intent?.failure?.code ?? ''].join('|')),
  );
  screen.table(
    ['payouts', 'final status', 'money', 'reason'],
    endings.map(([ending, count]) => [count, ...ending.split('|')]),
  );
  const currencies = [...new Set(payouts.map(({ currency }) => currency ?? ''))].filter((code) => /^[A-Z]{3}$/.test(code)).sort();
  screen.table(
    ['currency', 'payouts', 'paid', 'open', 'not paid'],
    currencies.map((currency) =>
      totalsOf(
        currency,
        payouts.filter((payout) => payout.currency === currency),
      ),
    ),
  );
  screen.table(
    ['webhooks', 'type'],
    tally(received.map(({ type }) => type)).map(([type, count]) => [count, type]),
  );
}

const OPEN = ['pending', 'unclaimed'];

function totalsOf(currency: string, payouts: readonly Payout[]): (string | number)[] {
  const paid = payouts.filter(({ intent }) => intent?.status === 'succeeded');
  const open = payouts.filter(({ intent }) => OPEN.includes(intent?.status ?? ''));
  const rest = payouts.filter((payout) => !paid.includes(payout) && !open.includes(payout) && payout.amount !== null);
  return [currency, payouts.length, ...[paid, open, rest].map((group) => (group.length === 0 ? '-' : sumOf(group)))];
}

/** How late the payouts started, from what the API says of each. */
export function lateness(payouts: readonly Payout[]): string {
  const late_ms = payouts
    .flatMap(({ intent, scheduled_at }) =>
      intent === null || scheduled_at === null ? [] : [Date.parse(intent.created_at) - Date.parse(scheduled_at)],
    )
    .sort((a, b) => a - b);
  const at = (share: number): number => late_ms[Math.min(late_ms.length - 1, Math.floor(late_ms.length * share))] ?? 0;
  return `half of the payouts started within ${at(0.5)} ms of their instant, 99 of 100 within ${at(0.99)} ms, none before`;
}

/** @returns whether every promise was kept. */
export function showChecks(screen: Screen, checks: readonly Check[]): boolean {
  screen.say('');
  for (const { promise, faults } of checks) {
    screen.say(`${faults.length === 0 ? green('✔') : red('✘')} ${promise}`);
    screen.say(...faults.slice(0, FAULTS_SHOWN).map((fault) => `    ${red(fault)}`));
    if (faults.length > FAULTS_SHOWN) screen.say(dim(`    and ${faults.length - FAULTS_SHOWN} more`));
  }
  const broken = checks.filter(({ faults }) => faults.length > 0).length;
  screen.say(
    '',
    broken === 0 ? green(bold('Every promise was kept.')) : red(bold(`${broken} of ${checks.length} promises were broken.`)),
  );
  return broken === 0;
}
