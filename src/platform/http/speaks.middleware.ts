import type { NextFunction, Response } from 'express';
import type { Dialect } from './dialect.js';
import type { HttpRequest } from './http-request.js';

/**
 * Middleware for the paths of a door, those that it does not know included. To be applied to a prefix: a pattern decodes the
 * path, and one that can not be decoded would be refused in the words of the native contract.
 */
export const speaks =
  (dialect: Dialect) =>
  (request: HttpRequest, _response: Response, next: NextFunction): void => {
    request.dialect = dialect;
    next();
  };
