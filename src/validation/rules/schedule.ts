import type { Rule } from '../rule.js';

/** The date exists, its zone exists, and it is neither over nor more than a year away. */
export const scheduleRule: Rule = ({ schedule }) => [...schedule.issues];
