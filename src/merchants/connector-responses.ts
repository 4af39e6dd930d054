import type { ConnectorEntity, LedgerEntry } from '../connectors/index.js';
import { toTypeId } from '../platform/ids/index.js';
import type { ConnectorDto, LedgerEntryDto } from './dto/connector.dto.js';

/** Field by field, so that a new column never leaks. @param shownConfig the config without its secrets. */
export function toConnectorResponse(connector: ConnectorEntity, shownConfig: Readonly<Record<string, unknown>>): ConnectorDto {
  return {
    id: toTypeId('connector', connector.id),
    object: 'connector',
    name: connector.name,
    type: connector.type,
    config: shownConfig,
    currencies: connector.currencies,
    method_types: connector.method_types,
    max_concurrency: connector.max_concurrency,
    rate_per_second: connector.rate_per_second,
    limits: connector.limits,
    paused: connector.paused_at !== null,
    paused_at: connector.paused_at?.toISOString() ?? null,
    paused_by: connector.paused_by,
    pause_reason: connector.pause_reason,
    resumed_at: connector.resumed_at?.toISOString() ?? null,
    resume_reason: connector.resume_reason,
    busy_until: connector.busy_until?.toISOString() ?? null,
    breaker: breakerOf(connector),
    lists_payments: connector.lists_payments,
    reconciled_until: connector.reconciled_until?.toISOString() ?? null,
    created_at: connector.created_at.toISOString(),
    updated_at: connector.updated_at.toISOString(),
  };
}

function breakerOf({ breaker_opened_at, breaker_until, fault_streak }: ConnectorEntity): ConnectorDto['breaker'] {
  return {
    open: breaker_opened_at !== null,
    opened_at: breaker_opened_at?.toISOString() ?? null,
    probe_at: breaker_until?.toISOString() ?? null,
    faults_in_a_row: fault_streak,
  };
}

export function toLedgerEntryResponse(entry: LedgerEntry): LedgerEntryDto {
  return {
    id: entry.id,
    idempotency_key: entry.idempotency_key,
    intent_id: entry.intent_id,
    reference: entry.reference,
    amount: entry.amount,
    currency: entry.currency,
    status: entry.status,
    created_at: entry.created_at.toISOString(),
  };
}
