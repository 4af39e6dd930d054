import { isIP } from 'node:net';

/** Longer than any URL in use (IIS and most proxies end at 2 KiB), short enough to be an index entry. */
const LENGTH_MAX = 2048;
/** https where receivers stand; anything else is somebody's internal service. */
const HTTPS_PORTS = new Set(['', '443', '8443']);

export type UrlRefusalCode = 'invalid_url' | 'forbidden_url';

/** Why a URL is not taken, for the merchant: says nothing about our resolver or network. */
export interface UrlRefusal {
  readonly code: UrlRefusalCode;
  readonly detail: string;
}

/** A URL taken apart once: everything after this works on these parts, so that no two readers can disagree about the text. */
export interface WebhookTarget {
  readonly protocol: 'http:' | 'https:';
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly hostIsAddress: boolean;
  readonly port: number;
  /** With the query; a fragment is never sent. */
  readonly path: string;
  /** `Host`: as written in the URL. */
  readonly authority: string;
  /** https on a usual port. Anything else is only for networks that the operator allows. */
  readonly usual: boolean;
}

const invalid = (detail: string): UrlRefusal => ({ code: 'invalid_url', detail });

/** Reads a URL without asking anybody. */
export function readWebhookUrl(text: string): WebhookTarget | UrlRefusal {
  if (text.length > LENGTH_MAX) return invalid(`The URL is longer than ${LENGTH_MAX} characters.`);
  // WHATWG parsing drops tabs and line ends and turns backslashes round: what is shown would not be what is called.
  if (/[\s\\\p{Cc}\p{Cs}]/u.test(text))
    return invalid('The URL contains white space, a control character or a backslash. Percent-encode it.');
  const url = parse(text);
  if (url === null) return invalid('This is not an absolute URL. Give one like https://merchant.example/hooks.');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return invalid('Only https URLs are called.');
  // WHATWG parsing forgives "HTTPS://", "https:host" and "https:///host"; whoever counts calls by host reads the text.
  if (!/^https?:\/\/[^/?#]/.test(text))
    return invalid('Write the URL as https://host/path: the scheme in lower case, two slashes, and the host.');
  if (url.username !== '' || url.password !== '')
    return invalid('The URL carries a user name or password. Verify the signature instead.');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return {
    protocol: url.protocol,
    host,
    hostIsAddress: isIP(host) !== 0,
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
    authority: url.host,
    usual: url.protocol === 'https:' && HTTPS_PORTS.has(url.port),
  };
}

export const isRefusal = (read: WebhookTarget | UrlRefusal): read is UrlRefusal => 'code' in read;

function parse(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
