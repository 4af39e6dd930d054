/**
 * Agenda leaves a timer of half a lease behind after each run of a job. A server ends by `process.exit` and does not
 * care; a test process would be held up, so timers that are set after this call do not hold it.
 */
export function letTimersGo(): void {
  const setTimer = globalThis.setTimeout;
  const setLooseTimer = (...given: Parameters<typeof setTimer>): NodeJS.Timeout => setTimer(...given).unref();
  globalThis.setTimeout = Object.assign(setLooseTimer, { __promisify__: setTimer.__promisify__ }) as typeof setTimer;
}
