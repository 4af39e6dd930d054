import { startTestServer, stopTestServer } from '../support/test-server.js';
import { openEngine } from './engine.js';
import { PLANTED_BUGS } from './planted-bugs.js';
import { runSeed } from './suite.js';

/**
 * Replays one seed with its trace: `SEED=n npm run simulate`. `SEEDS=m` runs as many from there, and shows what fails;
 * `BUG=name` plants that error first.
 */
const seed = Number(process.env['SEED'] ?? '1');
const count = Number(process.env['SEEDS'] ?? '1');
const bug = PLANTED_BUGS.find(({ name }) => name === process.env['BUG']);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

await startTestServer();
const engine = await openEngine();
const started = performance.now();
try {
  for (let number = seed; number < seed + count; number += 1) {
    const report = await runSeed(engine, number, { keepLines: true, ...(bug === undefined ? {} : { bug }) });
    if (count === 1 || report.violations.length > 0) for (const line of report.lines) print(line);
    for (const { invariant, subject, detail } of report.violations) print(`VIOLATION of ${invariant}: ${subject} ${detail}`);
    print(
      `seed ${number}: ${report.steps} steps, ${report.payouts} payouts, ${report.violations.length} violations, trace ${report.hash}`,
    );
    if (report.violations.length > 0) process.exitCode = 1;
  }
  print(`${Math.round((performance.now() - started) / count)} ms a seed`);
} finally {
  await engine.close();
  await stopTestServer();
}
