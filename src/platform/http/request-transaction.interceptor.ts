import type { CallHandler, ExecutionContext, NestInterceptor, Type } from '@nestjs/common';
import type { ModuleRef, Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { lastValueFrom, type Observable, of } from 'rxjs';
import type { Transactions, Tx } from '../database/index.js';
import { type Answer, answerOfHandler, answerOfRefusal, ResponseDraft, writeHead } from './answer.js';
import { auditRequest } from './audit-request.js';
import { bodyText } from './canonical-json.js';
import { merchantIdOf } from './credentials.js';
import type { HttpRequest } from './http-request.js';
import type { IdempotencyKeys, IdempotencyScope } from './idempotency-keys.js';
import { idempotencyScopeOf } from './idempotency-scope.js';
import { kernelProblem } from './kernel.problems.js';
import { OPERATION, type OperationNotes } from './operation.decorator.js';
import { CARRIES_SECRET, type Preparation, PREPARED_BY } from './request-transaction.decorators.js';
import { refuseStrayBody } from './stray-input.js';
import { toProblem } from './to-problem.js';

const METHODS_THAT_WRITE = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * Refusals that say something about the request as it stands, and so are kept as its first answer. Any other (401, 403,
 * 413, 415, 429, 5xx) may be different the next time.
 */
const KEPT_REFUSALS = new Set([400, 404, 409, 412, 422]);

type Run = (tx: Tx) => Promise<Answer>;

/**
 * Every write with a key is one transaction: what it does and the answer under its idempotency key are one commit, and
 * the answer leaves after it. Pipes and handler run inside, behind a savepoint, so that a refusal undoes what they did and
 * is itself kept. Safe to crash anywhere: before the commit there is no effect and no key, after it there are both, and
 * the advisory lock that keeps a second request away ends with the transaction, however it ends.
 */
export class RequestTransaction implements NestInterceptor {
  constructor(
    private readonly transactions: Transactions,
    private readonly keys: IdempotencyKeys,
    private readonly reflector: Reflector,
    private readonly modules: ModuleRef,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const response = context.switchToHttp().getResponse<Response>();
    if (!METHODS_THAT_WRITE.has(request.method) || request.caller === undefined || request.caller.kind === 'nobody')
      return next.handle();
    const scope = idempotencyScopeOf(request, request.caller);
    const text = scope === null ? '' : bodyText(request.body);
    request.prepared = await this.prepare(context, request);

    const operation = this.reflector.get<OperationNotes | undefined>(OPERATION, context.getHandler());
    const draft = new ResponseDraft(response);
    // Subscribing anew runs pipes and handler anew, which is what a transaction that is tried again needs.
    const run: Run = async (tx) => {
      draft.restore();
      request.tx = tx;
      // Here, where a refusal is kept as the first answer to the body that it is about.
      refuseStrayBody(context, request);
      const answer = answerOfHandler(response, await lastValueFrom(next.handle(), { defaultValue: undefined }));
      if (operation?.changes !== false)
        await auditRequest(tx, request, { action: operation?.id ?? `${request.method} ${request.path}`, answer });
      return answer;
    };
    const secret = this.reflector.get<boolean | undefined>(CARRIES_SECRET, context.getHandler()) ?? false;
    const work = (tx: Tx): Promise<Answer> =>
      scope === null
        ? run(tx)
        : this.once(tx, { scope, bodyText: text, secret, requestId: request.requestId, dialect: request.dialect }, run);
    const merchantId = merchantIdOf(request.caller);
    const answer = await (merchantId === null
      ? this.transactions.asEngine(work)
      : this.transactions.asMerchant(merchantId, work));
    draft.restore();
    writeHead(response, answer);
    return of(answer.body ?? undefined);
  }

  /** The kept answer where there is one; else runs the rest of the request and keeps what it answers. */
  private async once(
    tx: Tx,
    request: Pick<HttpRequest, 'requestId' | 'dialect'> & { scope: IdempotencyScope; bodyText: string; secret: boolean },
    run: Run,
  ): Promise<Answer> {
    const { scope } = request;
    if (!(await this.keys.lock(tx, scope))) {
      throw kernelProblem(
        'idempotency_key_in_use',
        'The first request with this key is still running. Send it again in a moment.',
      );
    }
    const kept = await this.keys.find(tx, scope, request.bodyText);
    if (kept !== null) {
      if (kept.toAnotherBody)
        throw kernelProblem('idempotency_key_reused', 'This key was used with another body. Take a new key.');
      if (kept.answer === null)
        throw kernelProblem('idempotency_answer_dropped', 'It was done; its answer carried a secret and is gone.');
      return { ...kept.answer, headers: { ...kept.answer.headers, 'idempotent-replayed': 'true' } };
    }
    let answer: Answer;
    let { secret } = request;
    try {
      answer = await tx.savepoint(() => run(tx));
    } catch (error) {
      const problem = toProblem(error);
      if (!KEPT_REFUSALS.has(problem.definition.status)) throw error;
      answer = answerOfRefusal(problem, request);
      secret = false;
    }
    await this.keys.keep(tx, scope, { bodyText: request.bodyText, answer, secret });
    return answer;
  }

  private async prepare(context: ExecutionContext, request: HttpRequest): Promise<unknown> {
    const preparation = this.reflector.get<Type<Preparation> | undefined>(PREPARED_BY, context.getHandler());
    if (preparation === undefined) return undefined;
    return this.modules.get<Preparation>(preparation, { strict: false }).prepare(request);
  }
}
