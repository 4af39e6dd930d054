import { type Examined, examine } from './examine.js';

const DOCTOR_USAGE = `Usage: tranche doctor

Looks at an installation and says what is wrong with it, and what to do. Changes nothing. Run it with the environment of one of
its processes, best on the same machine.

Exit code 0: nothing is wrong, or there are warnings only; 1: there are faults; 2: wrong arguments.`;

/** `tranche doctor`. @returns the exit code. */
export async function doctor(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  if (words.length > 0) {
    const asked = words[0] === '--help' || words[0] === '-h';
    (asked ? process.stdout : process.stderr).write(`${DOCTOR_USAGE}\n`);
    return asked ? 0 : 2;
  }
  const examined = await examine(environment);
  process.stdout.write(`${examined.flatMap(linesOf).join('\n')}\n`);
  return examined.some(({ findings }) => findings.some(({ severity }) => severity === 'fault')) ? 1 : 0;
}

const linesOf = ({ about, findings }: Examined): readonly string[] =>
  findings.length === 0
    ? [`ok       ${about}`]
    : findings.flatMap(({ severity, says, mend }) => [`${severity.padEnd(8)} ${about}: ${says}`, `         ${mend}`]);
