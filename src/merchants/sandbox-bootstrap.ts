import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { recordAudit } from '../platform/audit/index.js';
import { CONFIGURATION, type Configuration, START_BANNER, StartBanner } from '../platform/config/index.js';
import { Transactions, type Tx } from '../platform/database/index.js';
import { CreateMerchant } from './create-merchant.js';
import { KeyCredentials } from './credentials.js';
import { MerchantRepository } from './merchant.repository.js';
import { sandboxBannerLines } from './sandbox-banner.js';
import { keepSandboxKey, readSandboxKey } from './sandbox-key-file.js';

/** Two processes that start at once on an empty database make one merchant: the second waits here, and finds it. */
const LOCK_NAME = 'sandbox merchant';

/**
 * Somebody who starts the sandbox for the first time has a merchant, its key and a command to paste, before reading a word.
 * Safe to crash here because the key is kept before the merchant is committed: a kept key without a merchant opens nothing
 * and is replaced at the next start; a merchant whose key nobody has seen can not be.
 */
@Injectable()
export class SandboxBootstrap implements OnApplicationBootstrap {
  constructor(
    private readonly transactions: Transactions,
    private readonly merchants: MerchantRepository,
    private readonly createMerchant: CreateMerchant,
    private readonly credentials: KeyCredentials,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
    @Inject(START_BANNER) private readonly banner: StartBanner,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.configuration.sandbox || !this.configuration.roles.has('api')) return;
    const key = await this.key();
    if (key !== null) this.banner.add((url) => sandboxBannerLines(url, key));
  }

  /** @returns the key of the sandbox merchant where it can be shown: just made, or kept by an earlier start and still valid. */
  private async key(): Promise<string | null> {
    const made = await this.transactions.asEngine((tx) => this.makeFirst(tx));
    if (made !== null || !this.configuration.databaseIsEmbedded) return made;
    const kept = await readSandboxKey(this.configuration.dataDir);
    return kept !== null && (await this.credentials.identify(kept)).kind === 'merchant' ? kept : null;
  }

  private async makeFirst(tx: Tx): Promise<string | null> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [LOCK_NAME]);
    if (await this.merchants.someExists(tx)) return null;
    const { apiKey } = await this.createMerchant.execute(tx, { name: 'Sandbox merchant' });
    const { changes, subject = null, merchantId = null } = tx.noted();
    const actor = { kind: 'system', id: 'sandbox-bootstrap' } as const;
    await recordAudit(tx, { actor, action: 'createMerchant', subject, merchantId, requestId: null, changes });
    // Any other database outlives DATA_DIR and may be shared with other machines: its key is shown once and kept nowhere.
    if (this.configuration.databaseIsEmbedded) await keepSandboxKey(this.configuration.dataDir, apiKey);
    return apiKey;
  }
}
