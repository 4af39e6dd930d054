import { type ArgumentsHost, Catch, type ExceptionFilter, Logger, NotFoundException } from '@nestjs/common';
import type { Response } from 'express';
import { allowedMethods } from './allowed-methods.js';
import { answerOfRefusal, writeHead } from './answer.js';
import type { HttpRequest } from './http-request.js';
import { kernelProblem } from './kernel.problems.js';
import type { Problem } from './problem.js';
import { toProblem } from './to-problem.js';

/** Answers every error as `application/problem+json`, and tells the log of those that are ours to mend. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<HttpRequest>();
    const response = host.switchToHttp().getResponse<Response>();
    const problem = this.problemOf(error, request);
    if (problem.definition.status >= 500) {
      this.logger.error({ message: 'request failed', request_id: request.requestId, code: problem.code, error });
    }
    if (response.headersSent) {
      // Half an answer is out: only a broken connection tells the reader that the rest is missing.
      response.destroy();
      return;
    }
    const answer = answerOfRefusal(problem, request);
    // What the handler had set for the answer it did not come to.
    for (const name of ['location', 'etag']) response.removeHeader(name);
    writeHead(response, answer);
    response.send(answer.body);
  }

  private problemOf(error: unknown, request: HttpRequest): Problem {
    // Without a route no guard has run: the path is unknown, or known for other methods.
    if (error instanceof NotFoundException && request.caller === undefined) {
      const methods = allowedMethods(request.app, request.path);
      if (methods.length > 0) {
        const allow = methods.join(', ');
        return kernelProblem('method_not_allowed', `This path takes ${allow}.`, { headers: { Allow: allow } });
      }
    }
    return toProblem(error);
  }
}
