import type { SealedTable } from '../platform/crypto/index.js';
import { merchantSecretsPlace } from '../webhooks/index.js';

export const sealedMerchants: SealedTable = {
  table: 'merchant',
  key: { id: 'uuid' },
  columns: { webhook_secrets: ({ id = '' }) => merchantSecretsPlace(id) },
};
