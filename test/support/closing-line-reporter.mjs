/**
 * Ends a run with one plain line, `N passed, N failed`, counted by jest. A file that could not even be loaded counts as
 * one failure, because its tests were never run.
 */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    // Jest prints its own summary after every reporter has had its turn, so the last word is said at the exit.
    process.once('exit', () => process.stdout.write(`\n${results.numPassedTests} passed, ${failed} failed\n`));
  }
}
