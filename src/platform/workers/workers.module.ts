import { Global, Module } from '@nestjs/common';
import { MONOTONIC_CLOCK, ownMonotonicClock } from '../time/index.js';
import { ownPace, PACE } from './pace.js';

/** The time of this process, for whatever works in it. */
@Global()
@Module({
  providers: [
    { provide: MONOTONIC_CLOCK, useValue: ownMonotonicClock },
    { provide: PACE, useValue: ownPace },
  ],
  exports: [MONOTONIC_CLOCK, PACE],
})
export class WorkersModule {}
