import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import type { PublicKey } from '../signing/signing-secrets.js';

/** How a registered endpoint wants to be sent to, beside what it gets. */
export interface EndpointSettings {
  readonly rate_per_second: number | null;
  /** Sealed; null: none. */
  readonly headers: Buffer | null;
  readonly header_names: string[] | null;
  /** Of the ed25519 keys among its secrets. */
  readonly public_keys: PublicKey[];
}

/** The settings of endpoints; their lanes and their content are in endpoint.repository. */
@Injectable()
export class EndpointSettingsRepository {
  /** Of an endpoint that the caller holds. */
  async of(tx: Tx, id: string): Promise<EndpointSettings> {
    const settings = await tx.one<EndpointSettings & Record<string, unknown>>(
      `SELECT rate_per_second, headers, header_names, public_keys FROM webhook_endpoint WHERE id = $1`,
      [id],
    );
    if (settings === null) throw new Error(`there is no endpoint ${id}`);
    return settings;
  }

  async write(tx: Tx, id: string, settings: EndpointSettings): Promise<void> {
    await tx.query(
      `UPDATE webhook_endpoint SET rate_per_second = $2, headers = $3, header_names = $4, public_keys = $5,
         updated_at = greatest(updated_at, tranche_now())
       WHERE id = $1`,
      [id, settings.rate_per_second, settings.headers, settings.header_names, JSON.stringify(settings.public_keys)],
    );
  }
}
