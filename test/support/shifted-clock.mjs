// `node --import ./test/support/shifted-clock.mjs …` gives a process a wall clock that is wrong by CLOCK_SHIFT_MS.
// Monotonic clocks and timers go on as they are, as on a machine whose clock was set wrong.
const shift_ms = Number(process.env['CLOCK_SHIFT_MS']);
const rightNow = Date.now.bind(Date);
const now = () => rightNow() + shift_ms;

Date.now = now;
globalThis.Date = new Proxy(Date, {
  construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  apply: (target) => new target(now()).toString(),
});
