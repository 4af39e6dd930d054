import type { HttpRequest } from '../platform/http/index.js';

/** Scheme and host that the caller reached us by: links lead there. */
export type Host = string;

/** As the caller wrote it: a link has to lead where it came from. */
export const hostOf = (request: HttpRequest): Host => `${request.protocol}://${request.headers.host ?? ''}`;
