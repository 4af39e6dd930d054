import { HttpException } from '@nestjs/common';
import { CommitOutcomeUnknownError, isTransient } from '../database/index.js';
import { databaseUnavailable, kernelProblem, unauthorized } from './kernel.problems.js';
import { Problem } from './problem.js';

/**
 * The refusal that an error is answered with. What is neither a refusal, nor the framework's, nor a lost or overloaded
 * database is a fault of ours: the answer says nothing of it.
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HttpException) return ofFramework(error);
  if (error instanceof CommitOutcomeUnknownError || isTransient(error)) return databaseUnavailable();
  return kernelProblem('internal_error', 'A fault of ours. Nothing was changed; tell the operator the request_id.');
}

/** What Nest and Express refuse by themselves: before, beside and instead of a handler of ours. Their texts repeat input. */
function ofFramework(error: HttpException): Problem {
  const status = error.getStatus();
  if (status >= 500) return kernelProblem('internal_error', 'A fault of ours; tell the operator the request_id.');
  switch (status) {
    case 401:
      return unauthorized();
    case 403:
      return kernelProblem('forbidden', 'The key of this request may not do this.');
    case 404:
      return kernelProblem('not_found', 'There is no such route. /docs lists all of them.');
    case 413:
      return kernelProblem('payload_too_large', 'The request is longer than this route takes.');
    case 415:
      return kernelProblem('unsupported_media_type', 'Send the body as application/json.');
    default:
      return kernelProblem(
        'malformed_request',
        'The request can not be read. Check the percent-encoding of its path and its headers.',
      );
  }
}
