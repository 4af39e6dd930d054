/**
 * Agenda leaves a timer of half a lease behind after each run of a job. A server ends by `process.exit` and does not
 * care; a test process would be held up. Imported by whatever runs agenda in the process of a spec: timers that are set
 * after that do not hold it.
 */
const setTimer = globalThis.setTimeout;
const setLooseTimer = (...given: Parameters<typeof setTimer>): NodeJS.Timeout => setTimer(...given).unref();
globalThis.setTimeout = Object.assign(setLooseTimer, { __promisify__: setTimer.__promisify__ }) as typeof setTimer;
