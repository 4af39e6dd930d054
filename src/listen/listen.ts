import { followEvents, RefusedError } from './follow-events.js';
import { Forward } from './forward.js';
import { type Options, readOptions, USAGE, UsageError } from './read-options.js';
import { Sequences, subjectOf, type Told } from './sequences.js';

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const complain = (line: string): boolean => process.stderr.write(`${line}\n`);

/** `tranche listen`. @returns the exit code, once a signal ends it or the server refuses it. */
export async function listen(words: readonly string[]): Promise<number> {
  try {
    const options = readOptions(words, process.env);
    if (options === null) {
      say(USAGE);
      return 0;
    }
    await forwardAll(options, ended());
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      complain(`${error.message}\n\n${USAGE}`);
      return 2;
    }
    if (!(error instanceof RefusedError)) throw error;
    complain(`The server refuses: ${error.message}`);
    return 1;
  }
}

/** One event after the other, so that a receiver sees the order of the feed. What a receiver refuses is shown and not sent again. */
async function forwardAll(options: Options, signal: AbortSignal): Promise<void> {
  const forward = new Forward(options.forwardTo, options.secret);
  const sequences = new Sequences();
  say(`Events of ${options.server.origin} go to ${options.forwardTo.href}`);
  if (options.secretIsNew) say(`Signed with ${options.secret}`);
  let last: string | null = null;
  const events = followEvents({
    ...options,
    signal,
    onLost: (reason) => complain(`Lost the stream (${reason}); connecting again.`),
  });
  for await (const { id, body } of events) {
    const event = JSON.parse(body) as Told;
    const fault = sequences.check(id, event);
    const answer = await forward.post(id, body);
    say(`${answer}  ${event.type}  ${subjectOf(event)}  ${id}${fault === null ? '' : `  WRONG: ${fault}`}`);
    last = id;
    if (signal.aborted) break;
  }
  if (last !== null) say(`To go on from here: --from ${last}`);
}

/** Aborts at the first Ctrl-C or SIGTERM; the event that is under way is still forwarded. */
function ended(): AbortSignal {
  const control = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => control.abort());
  return control.signal;
}
