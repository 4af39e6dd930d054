import { ModuleRef, Reflector } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import helmet from 'helmet';
import type { Configuration } from '../config/index.js';
import { Sealer } from '../crypto/index.js';
import { Transactions } from '../database/index.js';
import { Authenticated } from './authenticated.guard.js';
import { BodyBudget } from './body-budget.js';
import { CREDENTIALS, type Credentials } from './credentials.js';
import { DtoPipe } from './dto.pipe.js';
import { IdempotencyKeys } from './idempotency-keys.js';
import { ProblemFilter } from './problem.filter.js';
import { KeyRateLimit, limitAddress } from './rate-limit.guard.js';
import { type RateConfiguration, rateLimits } from './rate-limits.js';
import { ReadRequest } from './read-request.interceptor.js';
import { nameRequest } from './request-id.middleware.js';
import { RequestTransaction } from './request-transaction.interceptor.js';

/** Only what /docs needs beyond nothing: scripts of its own origin, and styles and pictures that it has inline. */
const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    baseUri: ["'none'"],
    connectSrc: ["'self'"],
    fontSrc: ["'self'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    imgSrc: ["'self'", 'data:'],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
  },
};

type HttpConfiguration = RateConfiguration & Pick<Configuration, 'trustedProxies' | 'bodyMemory_bytes'>;

/**
 * The way of every request, from top to bottom. The application has to be made with `bodyParser: false`, and its modules
 * have to provide `CREDENTIALS`, `Transactions` and `Sealer`.
 */
export function configureHttp(app: NestExpressApplication, configuration: HttpConfiguration): void {
  const reflector = app.get(Reflector);
  const transactions = app.get(Transactions, { strict: false });
  const limits = rateLimits(configuration, transactions);
  app.disable('x-powered-by');
  // Express would make an ETag of every body; ours is the version.
  app.disable('etag');
  // Nobody else's X-Forwarded-For is believed: the peer is whoever holds the socket.
  app.set('trust proxy', configuration.trustedProxies);
  app.use(nameRequest);
  app.use(helmet({ contentSecurityPolicy: CONTENT_SECURITY_POLICY }));
  if (limits.address !== null) app.use(limitAddress(limits.address));

  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalGuards(
    new Authenticated(reflector, app.get<Credentials>(CREDENTIALS, { strict: false }), limits.guess),
    new KeyRateLimit(limits.key),
  );
  app.useGlobalInterceptors(
    new ReadRequest(reflector, new BodyBudget(configuration.bodyMemory_bytes)),
    new RequestTransaction(transactions, new IdempotencyKeys(app.get(Sealer, { strict: false })), reflector, app.get(ModuleRef)),
  );
  app.useGlobalPipes(new DtoPipe());
}
