/** How often a state is looked at while it is waited for, in milliseconds. */
const LOOK_MS = 20;

/** Waits until something is so, as long as the test may last: a state is waited for, never a time. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}
