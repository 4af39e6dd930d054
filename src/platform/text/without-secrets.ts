/** A shorter word is no secret, and could be a part of any other. */
const SECRET_LENGTH_MIN = 8;

/**
 * A foreign answer without the secrets that were sent with the request: whoever does not like a request likes to repeat it, and
 * what it says is kept. The longest go first, so that one which is a part of another leaves no rest of it.
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= SECRET_LENGTH_MIN)
    .toSorted((one, other) => other.length - one.length)
    .reduce((rest, secret) => rest.replaceAll(secret, '[removed]'), text);
}
