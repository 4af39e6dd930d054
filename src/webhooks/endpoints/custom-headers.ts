import type { Sealer } from '../../platform/crypto/index.js';
import { pointerTo, type ProblemFinding } from '../../platform/http/index.js';
import { isObject } from '../../platform/json/index.js';

export type CustomHeaders = Readonly<Record<string, string>>;

/** More than any gateway asks for; together with the signatures they stay below the 8 KiB that servers read of a head. */
const HEADERS_MAX = 10;
const NAME_LENGTH_MAX = 64;
const VALUE_LENGTH_MAX = 500;
/** RFC 9110 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Visible ASCII with spaces inside: what every server reads alike (RFC 9110 5.5). */
const VALUE = /^[!-~](?:[ -~]*[!-~])?$/;
/**
 * What a gateway in front of a receiver is opened with. A list of what is safe, not of what is not: framing, routing, caching,
 * cookies and our own headers are everything that is not on it.
 */
const SAFE = [/^authorization$/, /^api-key$/, /^cf-access-/, /^x-/];
/** What proxies take for the truth about where a request came from or goes to. */
const BELIEVED = /^x-(?:forwarded|original|rewrite|http-method|real-ip|client-ip|cluster-client-ip|host|accel|sendfile)/;

/** The place that an endpoint's headers are sealed for. */
export const headersPlace = (endpointId: string): string => `endpoint:${endpointId}:headers`;

/** Headers as they are kept: sealed, and their names in clear; none: null. */
export function sealHeaders(sealer: Sealer, headers: CustomHeaders, endpointId: string) {
  const names = Object.keys(headers);
  if (names.length === 0) return { headers: null, header_names: null };
  return { headers: sealer.seal(JSON.stringify(headers), headersPlace(endpointId)), header_names: names };
}

export const openHeaders = (sealer: Sealer, sealed: Buffer, endpointId: string): CustomHeaders =>
  JSON.parse(sealer.open(sealed, headersPlace(endpointId))) as CustomHeaders;

/** What is wrong with headers as they came, without repeating a value; empty: nothing. */
export function findingsOfHeaders(headers: unknown): ProblemFinding[] {
  if (!isObject(headers)) return [{ pointer: '/headers', code: 'invalid_field', detail: 'Give an object of names and values.' }];
  const entries = Object.entries(headers);
  if (entries.length > HEADERS_MAX)
    return [{ pointer: '/headers', code: 'invalid_field', detail: `There are more than ${HEADERS_MAX} headers.` }];
  const names = entries.map(([name]) => name.toLowerCase());
  return entries.flatMap(([name, value], index) => {
    const fault = faultOf(name, value) ?? (names.indexOf(name.toLowerCase()) < index ? TWICE : null);
    return fault === null ? [] : [{ pointer: pointerTo('/headers', name), ...fault }];
  });
}

type Fault = Omit<ProblemFinding, 'pointer'>;

const TWICE: Fault = { code: 'invalid_field', detail: 'This header is given twice: upper and lower case are the same.' };

function faultOf(name: string, value: unknown): Fault | null {
  if (!TOKEN.test(name) || name.length > NAME_LENGTH_MAX)
    return { code: 'invalid_field', detail: `This is no name of a header, or longer than ${NAME_LENGTH_MAX} characters.` };
  const lower = name.toLowerCase();
  if (!SAFE.some((safe) => safe.test(lower)) || BELIEVED.test(lower))
    return {
      code: 'forbidden_header',
      detail: 'Send Authorization, Api-Key, CF-Access-… or X-…, except the X- headers that proxies write.',
    };
  if (typeof value !== 'string' || value.length > VALUE_LENGTH_MAX || !VALUE.test(value))
    return { code: 'invalid_field', detail: `Give 1 to ${VALUE_LENGTH_MAX} printable ASCII characters, no space around them.` };
  return null;
}
