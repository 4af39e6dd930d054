/** One thing that is wrong, or will be. */
export interface Finding {
  /** A fault costs money, data or service as things stand; a warning is for a person to judge. */
  readonly severity: 'fault' | 'warning';
  readonly says: string;
  /** What to do about it. */
  readonly mend: string;
}

export const fault = (says: string, mend: string): Finding => ({ severity: 'fault', says, mend });
export const warning = (says: string, mend: string): Finding => ({ severity: 'warning', says, mend });

/** The finding where something is so, else none. */
export const where = (isSo: boolean, finding: Finding): readonly Finding[] => (isSo ? [finding] : []);
