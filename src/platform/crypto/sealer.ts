import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
/** 96 random bits, the size GCM is specified for (NIST SP 800-38D 8.2.2): safe for 2^32 seals under one key. */
const NONCE_BYTES = 12;
/** So many are drawn at once: a draw of 12 bytes costs as much as a draw of thousands, and nearly as much as a seal. */
const NONCES_DRAWN = 256;
const TAG_BYTES = 16;
const FORMAT = 1;

export interface EncryptionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly bytes: Buffer;
}

/**
 * Seals account data and secrets at rest: AES-256-GCM with a random nonce, bound to its place by `boundTo`
 * (merchant, row and field), so that a sealed value moved to another row does not open.
 * Layout: format (1 byte), length of key id (1), key id, nonce (12), tag (16), ciphertext.
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
    const nonce = this.nextNonce();
    const cipher = createCipheriv(ALGORITHM, key.bytes, nonce).setAAD(Buffer.from(boundTo, 'utf8'));
    const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.from([FORMAT, id.length]), id, nonce, cipher.getAuthTag(), body]);
  }

  /** Each is given once: what is given is cut off. */
  private nextNonce(): Buffer {
    if (this.unused.length === 0) this.unused = randomBytes(NONCE_BYTES * NONCES_DRAWN);
    const nonce = this.unused.subarray(0, NONCE_BYTES);
    this.unused = this.unused.subarray(NONCE_BYTES);
    return nonce;
  }

  /** @throws where the key is unknown, the bytes were changed, or they were sealed for another place. */
  open(sealed: Buffer, boundTo: string): string {
    const id = keyIdOf(sealed);
    const key = this.keys.get(id);
    if (sealed[0] !== FORMAT || key === undefined)
      throw new Error(`sealed under key "${id}", which ENCRYPTION_KEYS does not have`);
    const nonceAt = 2 + (sealed[1] ?? 0);
    const tagAt = nonceAt + NONCE_BYTES;
    const bodyAt = tagAt + TAG_BYTES;
    const decipher = createDecipheriv(ALGORITHM, key.bytes, sealed.subarray(nonceAt, tagAt))
      .setAAD(Buffer.from(boundTo, 'utf8'))
      .setAuthTag(sealed.subarray(tagAt, bodyAt));
    return Buffer.concat([decipher.update(sealed.subarray(bodyAt)), decipher.final()]).toString('utf8');
  }

  /** The same for the same place under the current key; null where it is sealed under that already. */
  resealed(sealed: Buffer, boundTo: string): Buffer | null {
    return keyIdOf(sealed) === this.current ? null : this.seal(this.open(sealed, boundTo), boundTo);
  }

  /** A keyed hash, for equality of personal data without keeping it. */
  fingerprint(plain: string): Buffer {
    return createHmac('sha256', this.fingerprintKey).update(plain, 'utf8').digest();
  }
}

const keyIdOf = (sealed: Buffer): string => sealed.subarray(2, 2 + (sealed[1] ?? 0)).toString('utf8');
