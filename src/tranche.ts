#!/usr/bin/env node
const USAGE = `Usage: tranche listen --forward-to URL   events of a merchant to a receiver on your own machine
       tranche doctor                    what is wrong with an installation, and what to do
       tranche audit verify|export       what was changed by whom, checked or as lines of JSON

tranche <command> --help says more.`;

/** `npx tranche <command>`: what people run beside the server. A command loads its own code and no other's. */
const [command, ...rest] = process.argv.slice(2);
// Whoever reads our output may go away first, as `head` does.
process.stdout.on('error', () => process.exit(0));

if (command === 'listen') {
  const { listen } = await import('./listen/index.js');
  process.exitCode = await listen(rest);
} else if (command === 'doctor') {
  await import('reflect-metadata');
  const { doctor } = await import('./doctor/index.js');
  process.exitCode = await doctor(rest, process.env);
} else if (command === 'audit') {
  const { auditTrail } = await import('./audit-trail/index.js');
  process.exitCode = await auditTrail(rest);
} else {
  const asked = command === '--help' || command === '-h';
  (asked ? process.stdout : process.stderr).write(`${USAGE}\n`);
  process.exitCode = asked ? 0 : 2;
}

export {};
