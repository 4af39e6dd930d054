import { abuse } from './abuse.js';
import { backlog } from './backlog.js';
import { create } from './create.js';
import { deliver } from './deliver.js';
import { edit } from './edit.js';
import { execute } from './execute.js';
import { fairness } from './fairness.js';
import { isolation } from './isolation.js';
import { lateness } from './lateness.js';
import { memory } from './memory.js';
import type { Row } from './row.js';
import { scale } from './scale.js';
import { validate } from './validate.js';
import { wholeLife } from './whole-life.js';
import { workers } from './workers.js';

/** In the order of a payout's life, and then what holds for many of them. */
export const rows: readonly Row[] = [
  create,
  validate,
  execute,
  lateness,
  edit,
  deliver,
  backlog,
  isolation,
  abuse,
  wholeLife,
  scale,
  memory,
  fairness,
  workers,
];
