/** How often a state is looked at. */
const LOOK_MS = 100;
/** Above a lease for what judges, one for what pays and one for what delivers, on a machine that does everything else too. */
const COMES_WITHIN_S = 240;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a state. What can not be asked meanwhile (the database is away) is asked again. @throws where it does not come. */
export async function comes(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  let fault: unknown = null;
  const ask = async (): Promise<boolean> => isSo();
  for (const ends = performance.now() + COMES_WITHIN_S * 1000; performance.now() < ends;) {
    try {
      if (await ask()) return;
      fault = null;
    } catch (error) {
      fault = error;
    }
    await pause(LOOK_MS);
  }
  throw new Error(`not within ${COMES_WITHIN_S} s: ${what}`, { cause: fault });
}
