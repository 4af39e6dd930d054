import type { SealedTable } from '../../platform/crypto/index.js';
import { endpointSecretsPlace } from '../signing/signing-secrets.js';
import { headersPlace } from './custom-headers.js';

export const sealedEndpoints: SealedTable = {
  table: 'webhook_endpoint',
  key: { id: 'uuid' },
  columns: { secrets: ({ id = '' }) => endpointSecretsPlace(id), headers: ({ id = '' }) => headersPlace(id) },
};
