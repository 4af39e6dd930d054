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

/** A request whose first answer is kept. */
interface KeyedRequest extends Pick<HttpRequest, 'requestId' | 'dialect'> {
  readonly scope: IdempotencyScope;
  readonly bodyText: string;
  readonly secret: boolean;
}

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
    const keyed = this.keyedRequest(context, request, idempotencyScopeOf(request, request.caller));

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
    const merchantId = merchantIdOf(request.caller);
    const transaction = <Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> =>
      merchantId === null ? this.transactions.asEngine(work) : this.transactions.asMerchant(merchantId, work);

    const preparation = this.preparationOf(context);
    // A preparation may do something, such as cancel at a provider; a request that was answered before does nothing again.
    const kept = preparation === null || keyed === null ? null : await transaction((tx) => this.kept(tx, keyed));
    if (kept === null) request.prepared = await preparation?.prepare(request);
    const answer = kept ?? (await transaction((tx) => (keyed === null ? run(tx) : this.once(tx, keyed, run))));
    draft.restore();
    writeHead(response, answer);
    return of(answer.body ?? undefined);
  }

  private keyedRequest(
    context: ExecutionContext,
    { body, requestId, dialect }: HttpRequest,
    scope: IdempotencyScope | null,
  ): KeyedRequest | null {
    if (scope === null) return null;
    const secret = this.reflector.get<boolean | undefined>(CARRIES_SECRET, context.getHandler()) ?? false;
    return { scope, bodyText: bodyText(body), secret, requestId, dialect };
  }

  /** The kept answer where there is one; else runs the rest of the request and keeps what it answers. */
  private async once(tx: Tx, request: KeyedRequest, run: Run): Promise<Answer> {
    const kept = await this.kept(tx, request);
    if (kept !== null) return kept;
    const { scope, bodyText } = request;
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
    await this.keys.keep(tx, scope, { bodyText, answer, secret });
    return answer;
  }

  /** The first answer, where there is one. From here to the end of the transaction no other request has this key. */
  private async kept(tx: Tx, { scope, bodyText }: KeyedRequest): Promise<Answer | null> {
    if (!(await this.keys.lock(tx, scope))) {
      throw kernelProblem(
        'idempotency_key_in_use',
        'The first request with this key is still running. Send it again in a moment.',
      );
    }
    const kept = await this.keys.find(tx, scope, bodyText);
    if (kept === null) return null;
    if (kept.toAnotherBody) throw kernelProblem('idempotency_key_reused', 'This key was used with another body. Take a new key.');
    if (kept.answer === null)
      throw kernelProblem('idempotency_answer_dropped', 'It was done; its answer carried a secret and is gone.');
    return { ...kept.answer, headers: { ...kept.answer.headers, 'idempotent-replayed': 'true' } };
  }

  private preparationOf(context: ExecutionContext): Preparation | null {
    const preparation = this.reflector.get<Type<Preparation> | undefined>(PREPARED_BY, context.getHandler());
    return preparation === undefined ? null : this.modules.get<Preparation>(preparation, { strict: false });
  }
}
