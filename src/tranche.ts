#!/usr/bin/env node
import { listen, USAGE } from './listen/index.js';

/** `npx tranche <command>`: what a merchant's engineer runs beside the server. */
const [command, ...rest] = process.argv.slice(2);
// Whoever reads our output may go away first, as `head` does.
process.stdout.on('error', () => process.exit(0));

if (command === 'listen') {
  process.exitCode = await listen(rest);
} else {
  const asked = command === '--help' || command === '-h';
  (asked ? process.stdout : process.stderr).write(`${USAGE}\n`);
  process.exitCode = asked ? 0 : 2;
}
