import { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import timers from 'node:timers';
import promises from 'node:timers/promises';

/**
 * Loaded before a program whose profile is taken: counts the timers that fired, by who had set them and for how long. A timer that was
 * cleared, as the sleep of a loop that is woken, kept nothing waiting and is not counted.
 */
const fired = new Map();

/** The first line of ours, or else of a package. */
function whoSets() {
  const lines = (new Error().stack ?? '').split('\n').slice(2);
  const at = lines.find((line) => line.includes('/src/')) ?? lines.find((line) => line.includes('/node_modules/')) ?? '';
  return at.replace(/.*(?:\/src\/|\/node_modules\/)/, '').replace(/\)$/, '');
}

function count(by, ms) {
  const name = `${by} ${Math.round(ms)}`;
  const one = fired.get(name) ?? { by, ms: Math.round(ms), times: 0 };
  one.times += 1;
  fired.set(name, one);
}

const later = timers.setTimeout;
const laterCounted = Object.assign(
  (act, ms = 1, ...given) => {
    const by = whoSets();
    return later(() => {
      count(by, ms);
      act(...given);
    }, ms);
  },
  { [Symbol.for('nodejs.util.promisify.custom')]: promises.setTimeout },
);
const wait = promises.setTimeout;
promises.setTimeout = async (ms, ...given) => {
  const by = whoSets();
  const value = await wait(ms, ...given);
  count(by, ms);
  return value;
};
timers.setTimeout = laterCounted;
globalThis.setTimeout = laterCounted;
syncBuiltinESMExports();

process.on('exit', () => {
  writeFileSync(join(process.env.FIRED_TIMERS, `timers-${process.pid}.json`), JSON.stringify([...fired.values()]));
});
