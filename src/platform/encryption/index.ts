export * from './encryption.module.js';
export { fingerprintKeyTable } from './open-sealer.js';
export { RotateKeys } from './rotate-keys.js';
export { UseEncryptionKey } from './use-encryption-key.js';
