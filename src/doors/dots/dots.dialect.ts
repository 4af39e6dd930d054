import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { Caller, Dialect, ForeignRefusal, Problem } from '../../platform/http/index.js';
import { KeyPairs, keyPairOf } from '../key-pairs.js';
import { dotsError } from './dots-refusal.js';

/** How clients of Dots v2 speak HTTP. A request that may be sent again has its key in its body. */
@Injectable()
export class DotsDialect implements Dialect {
  readonly idempotencyHeader = null;

  constructor(private readonly keys: KeyPairs) {}

  credentialOf({ headers }: Request): string | null {
    return keyPairOf(headers.authorization);
  }

  knows(pair: string): boolean {
    return this.keys.knows(pair);
  }

  identify(pair: string): Promise<Caller> {
    return this.keys.identify(pair);
  }

  refusal(problem: Problem): ForeignRefusal {
    return dotsError(problem);
  }
}
