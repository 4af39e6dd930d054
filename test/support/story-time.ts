import { jest } from '@jest/globals';
import { letTimersGo } from './agenda-timers.js';

// Imported by whatever has the whole program in the process of a spec.

/** A story of the slowest fates takes seconds, and the machine of a test run is busy; a wait has a bound of its own below this. */
const STORY_MAX_MS = 90_000;
jest.setTimeout(STORY_MAX_MS);
letTimersGo();
