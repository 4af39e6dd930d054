import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import {
  bearerOf,
  type Caller,
  CREDENTIALS,
  type Credentials,
  type Dialect,
  type ForeignRefusal,
  type Problem,
} from '../../platform/http/index.js';
import { AccessTokens } from './access-token.js';
import { paypalError } from './paypal-refusal.js';

/** How clients of PayPal Payouts v1 speak HTTP. */
@Injectable()
export class PaypalDialect implements Dialect {
  readonly idempotencyHeader = 'paypal-request-id';

  constructor(
    @Inject(CREDENTIALS) private readonly credentials: Credentials,
    private readonly tokens: AccessTokens,
  ) {}

  credentialOf({ headers }: Request): string | null {
    return bearerOf(headers.authorization);
  }

  knows(bearer: string): boolean {
    return this.tokens.keyIdOf(bearer) !== null;
  }

  async identify(bearer: string): Promise<Caller> {
    const keyId = this.tokens.keyIdOf(bearer);
    return keyId === null ? { kind: 'nobody' } : this.credentials.identifyKey(keyId);
  }

  refusal(problem: Problem, requestId: string): ForeignRefusal {
    return paypalError(problem, requestId);
  }
}
