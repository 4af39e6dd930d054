import { ExpressAdapter } from '@nestjs/platform-express';
import { createServer, type RequestListener } from 'node:http';
import type { Configuration } from '../config/index.js';
import { answerUnreadable } from './unreadable-request.js';

/** How often connections are looked at. A limit is shortened by it, so that it is kept and not overrun by one look. */
const LOOK_EVERY_MS = 500;
/** Request line and headers together; Node's own default, said so that it stays. */
const HEADERS_MAX_BYTES = 16 * 1024;

type ServerLimits = Pick<Configuration, 'headersTimeout_s' | 'requestTimeout_s'>;

/**
 * Nest's own adapter over a server that does not wait for slow senders: Node looks for them only every 30 s where it is
 * not told to at its making.
 */
export class HttpServer extends ExpressAdapter {
  constructor(private readonly limits: ServerLimits) {
    super();
  }

  override initHttpServer(): void {
    const within = (seconds: number): number => Math.max(LOOK_EVERY_MS, seconds * 1000 - LOOK_EVERY_MS);
    this.httpServer = createServer(
      {
        connectionsCheckingInterval: LOOK_EVERY_MS,
        headersTimeout: within(this.limits.headersTimeout_s),
        requestTimeout: within(this.limits.requestTimeout_s),
        maxHeaderSize: HEADERS_MAX_BYTES,
      },
      this.getInstance<RequestListener>(),
    ).on('clientError', answerUnreadable);
  }
}
