import type { DetailDto } from './error.dto.js';
import { validationError } from './paypal-refusal.js';

/** Which part of a batch is shown. */
export interface BatchQuery {
  /** From 1. */
  readonly page: number;
  readonly pageSize: number;
  readonly totalRequired: boolean;
  readonly headerOnly: boolean;
}

export const PAGE_SIZE_MAX = 1000;

/** Parameters that PayPal does not know are ignored, as there. @throws VALIDATION_ERROR */
export function readBatchQuery(query: Readonly<Record<string, unknown>>): BatchQuery {
  const details: DetailDto[] = [];
  const whole = (name: string, otherwise: number, max: number): number => {
    const value = query[name];
    if (value === undefined) return otherwise;
    const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : 0;
    if (number >= 1 && number <= max) return number;
    details.push({
      field: name,
      location: 'query',
      issue: 'INVALID_PARAMETER_VALUE',
      description: `Send a whole number from 1 to ${max}.`,
    });
    return otherwise;
  };
  const read = {
    page: whole('page', 1, 999_999_999),
    pageSize: whole('page_size', PAGE_SIZE_MAX, PAGE_SIZE_MAX),
    totalRequired: query['total_required'] === 'true',
    headerOnly: query['fields'] === 'batch_header',
  };
  if (details.length > 0) throw validationError(details);
  return read;
}
