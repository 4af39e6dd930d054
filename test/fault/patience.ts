import { eventually } from '../support/until.js';

/** How often a state is looked at. */
const LOOK_MS = 100;
/** Above a lease for what judges, one for what pays and one for what delivers, on a machine that does everything else too. */
const COMES_WITHIN_S = 240;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a state. What can not be asked meanwhile (the database is away) is asked again. @throws where it does not come. */
export async function comes(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  within_s: number = COMES_WITHIN_S,
): Promise<void> {
  const ask = async (): Promise<{ what: string; so: boolean; fault?: unknown }> => {
    try {
      return { what, so: await isSo() };
    } catch (fault) {
      return { what, so: false, fault };
    }
  };
  await eventually(ask, ({ so }) => so, { every_ms: LOOK_MS, within_ms: within_s * 1000 });
}
