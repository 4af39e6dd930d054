import { Injectable } from '@nestjs/common';
import { ConnectorRepository } from '../connectors/index.js';
import type { Tx } from '../platform/database/index.js';
import { kernelProblem, type ProblemFinding } from '../platform/http/index.js';
import { fromTypeId } from '../platform/ids/index.js';
import { isTimeZone } from '../platform/time/index.js';
import type { MerchantSettings } from './merchant.repository.js';
import { MERCHANT_LIMITS, readLimits } from './read-limits.js';

/** Settings as an operator sends them. What is undefined stays as it is, null removes. */
export interface MerchantWish {
  readonly timezone?: string | null | undefined;
  /** `connector_…` */
  readonly connectorId?: string | null | undefined;
  readonly limits?: Readonly<Record<string, unknown>> | null | undefined;
}

type Settings = Omit<MerchantSettings, 'name'>;

const NONE: Settings = { timezone: null, connector_id: null, limits: {} };

/** What makes the settings of a merchant ones that validation can judge by. */
@Injectable()
export class MerchantRules {
  constructor(private readonly connectors: ConnectorRepository) {}

  /** The settings as they will be. @throws `invalid_field` with every fault at once. */
  async settingsFor(tx: Tx, wish: MerchantWish, before: Settings = NONE): Promise<Settings> {
    const findings: ProblemFinding[] = [];
    if (typeof wish.timezone === 'string' && !isTimeZone(wish.timezone)) {
      findings.push({ pointer: '/timezone', code: 'invalid_field', detail: 'must be an IANA time zone, such as Europe/Berlin' });
    }
    const connectorId = typeof wish.connectorId === 'string' ? await this.connectorOf(tx, wish.connectorId) : null;
    if (typeof wish.connectorId === 'string' && connectorId === null) {
      findings.push({ pointer: '/connector_id', code: 'invalid_field', detail: 'must be the id of a connector' });
    }
    const { limits, findings: limitFindings } = readLimits(wish.limits ?? {}, MERCHANT_LIMITS);
    findings.push(...limitFindings);
    if (findings.length > 0) {
      throw kernelProblem('invalid_field', 'The merchant can not have these settings; `errors` lists every fault.', {
        errors: findings,
      });
    }
    return {
      timezone: wish.timezone === undefined ? before.timezone : wish.timezone,
      connector_id: wish.connectorId === undefined ? before.connector_id : connectorId,
      limits: wish.limits === undefined ? before.limits : limits,
    };
  }

  private async connectorOf(tx: Tx, id: string): Promise<string | null> {
    const uuid = fromTypeId('connector', id);
    return uuid === null ? null : ((await this.connectors.find(tx, uuid))?.id ?? null);
  }
}
