import type { Configuration } from '../platform/config/index.js';
import { type HttpRequest, kernelProblem } from '../platform/http/index.js';

/** Scheme and host at which we are reached: links begin with them. */
export type Host = string;

/** A name or an address, and a port (RFC 9110 section 7.2). */
const HOST = /^(?:[\w-]+(?:\.[\w-]+)*\.?|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/**
 * `PUBLIC_URL`; without one as the caller wrote it, because a link has to lead where it came from. `X-Forwarded-Host` is not
 * read: many proxies pass on what a client has written there.
 * @throws `malformed_request`
 */
export function hostOf(request: HttpRequest, { publicUrl }: Pick<Configuration, 'publicUrl'>): Host {
  if (publicUrl !== null) return publicUrl;
  const host = request.headers.host ?? '';
  if (!HOST.test(host)) throw kernelProblem('malformed_request', 'The header Host has to name a host.');
  // The word of a proxy, where it is a trusted one's.
  return `${request.protocol === 'https' ? 'https' : 'http'}://${host}`;
}
