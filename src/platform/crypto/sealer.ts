import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
/** 96 random bits, the size GCM is specified for (NIST SP 800-38D 8.2.2): safe for 2^32 seals under one key. */
const NONCE_BYTES = 12;
/** So many are drawn at once: a draw of 12 bytes costs as much as a draw of thousands, and nearly as much as a seal. */
const NONCES_DRAWN = 256;
const TAG_BYTES = 16;
/** Sealed under a key of the ring, whose id is named: format, length of the id, id, nonce, tag, ciphertext. */
const BY_RING = 1;
/** Sealed under a key of its own, which lies elsewhere: format, nonce, tag, ciphertext. */
const BY_OWN_KEY = 2;
const KEY_BYTES = 32;

export interface EncryptionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly bytes: Buffer;
}

/**
 * Seals account data and secrets at rest: AES-256-GCM with a random nonce, bound to its place by `boundTo`
 * (merchant, row and field), so that a sealed value moved to another row does not open.
 */
export class Sealer {
  private readonly keys: ReadonlyMap<string, EncryptionKey>;
  /** Random bytes that no seal has used yet. */
  private unused = Buffer.alloc(0);

  /**
   * @param ring the first key seals; all of them open.
   * @param fingerprintKey what keyed hashes are made with: a key of its own (NIST SP 800-57 5.2), which no rotation changes.
   */
  constructor(
    private readonly ring: readonly [EncryptionKey, ...EncryptionKey[]],
    private readonly fingerprintKey: Buffer,
  ) {
    this.keys = new Map(ring.map((key) => [key.id, key]));
  }

  /** The id of the key that seals. */
  get current(): string {
    return this.ring[0].id;
  }

  /** Whether what is sealed under this key can be opened. */
  has(keyId: string): boolean {
    return this.keys.has(keyId);
  }

  seal(plain: string, boundTo: string): Buffer {
    const [key] = this.ring;
    const id = Buffer.from(key.id, 'utf8');
    return Buffer.concat([Buffer.from([BY_RING, id.length]), id, this.cipher(key.bytes, plain, boundTo)]);
  }

  /** @throws where the key is unknown, the bytes were changed, or they were sealed for another place. */
  open(sealed: Buffer, boundTo: string): string {
    const id = keyIdOf(sealed);
    const key = this.keys.get(id);
    if (sealed[0] !== BY_RING || key === undefined)
      throw new Error(`sealed under key "${id}", which ENCRYPTION_KEYS does not have`);
    return decipher(key.bytes, sealed.subarray(2 + (sealed[1] ?? 0)), boundTo);
  }

  /** The same for the same place under the current key; null where it is sealed under that already, or under a key of its own. */
  resealed(sealed: Buffer, boundTo: string): Buffer | null {
    if (sealed[0] === BY_OWN_KEY || keyIdOf(sealed) === this.current) return null;
    return this.seal(this.open(sealed, boundTo), boundTo);
  }

  /** A key of its own for what is to be forgotten with it, sealed as it is kept. */
  newKey(boundTo: string): Buffer {
    return this.seal(randomBytes(KEY_BYTES).toString('base64'), boundTo);
  }

  openKey(sealed: Buffer, boundTo: string): Buffer {
    return Buffer.from(this.open(sealed, boundTo), 'base64');
  }

  sealUnder(key: Buffer, plain: string, boundTo: string): Buffer {
    return Buffer.concat([Buffer.from([BY_OWN_KEY]), this.cipher(key, plain, boundTo)]);
  }

  /** What lies under the ring, moved under a key of its own at the same place; null where it lies under one. @throws as `open` does. */
  movedUnder(key: Buffer, sealed: Buffer, boundTo: string): Buffer | null {
    return sealed[0] === BY_OWN_KEY ? null : this.sealUnder(key, this.open(sealed, boundTo), boundTo);
  }

  /** @param key null: what has none of its own was sealed under the ring. @throws as `open` does. */
  openUnder(key: Buffer | null, sealed: Buffer, boundTo: string): string {
    if (sealed[0] !== BY_OWN_KEY) return this.open(sealed, boundTo);
    if (key === null) throw new Error('sealed under a key that is gone');
    return decipher(key, sealed.subarray(1), boundTo);
  }

  /** Nonce, tag, ciphertext. */
  private cipher(key: Buffer, plain: string, boundTo: string): Buffer {
    const nonce = this.nextNonce();
    const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(boundTo, 'utf8'));
    const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]);
  }

  /** Each is given once: what is given is cut off. */
  private nextNonce(): Buffer {
    if (this.unused.length === 0) this.unused = randomBytes(NONCE_BYTES * NONCES_DRAWN);
    const nonce = this.unused.subarray(0, NONCE_BYTES);
    this.unused = this.unused.subarray(NONCE_BYTES);
    return nonce;
  }

  /** A keyed hash, for equality of personal data without keeping it. */
  fingerprint(plain: string): Buffer {
    return createHmac('sha256', this.fingerprintKey).update(plain, 'utf8').digest();
  }
}

function decipher(key: Buffer, sealed: Buffer, boundTo: string): string {
  const bodyAt = NONCE_BYTES + TAG_BYTES;
  const opener = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES))
    .setAAD(Buffer.from(boundTo, 'utf8'))
    .setAuthTag(sealed.subarray(NONCE_BYTES, bodyAt));
  return Buffer.concat([opener.update(sealed.subarray(bodyAt)), opener.final()]).toString('utf8');
}

const keyIdOf = (sealed: Buffer): string => sealed.subarray(2, 2 + (sealed[1] ?? 0)).toString('utf8');
