import { Injectable } from '@nestjs/common';
import { differences } from '../../platform/audit/index.js';
import type { Tx } from '../../platform/database/index.js';
import { kernelProblem, type Problem } from '../../platform/http/index.js';
import { newUuid, toTypeId } from '../../platform/ids/index.js';
import { EndpointRepository } from '../endpoints/endpoint.repository.js';
import { refuseUnknownType, webhookProblem } from '../webhooks.problems.js';
import { type ResendFilter, ResendRepository } from './resend.repository.js';

/** More at a time is a loop gone wrong; each costs a look every few tens of milliseconds. */
const RUNNING_MAX = 10;

export interface CreateResendCommand extends ResendFilter {
  readonly merchantId: string;
  /** Everything that ever was: said in a word of its own, because a forgotten filter would say it too. */
  readonly all: boolean;
}

/**
 * Begins a resend: many deliveries go out again: same ids, same bytes, fresh signatures. A filter that names nothing is refused
 * instead of finding nothing, and so is an endpoint that nothing is sent to; where no endpoint is named, those are left out.
 */
@Injectable()
export class CreateResend {
  constructor(
    private readonly resends: ResendRepository,
    private readonly endpoints: EndpointRepository,
  ) {}

  /** @returns the id of the resend. */
  async execute(tx: Tx, { merchantId, all, ...filter }: CreateResendCommand): Promise<string> {
    const filters = Object.values(filter).filter((value) => value !== null).length;
    if (all === filters > 0) throw invalid('/all', 'Name at least one filter, or send `"all": true` without any.');
    refuseUnknownType(filter.eventType);
    if (filter.bulkId !== null && !(await this.resends.knowsBulk(tx, merchantId, filter.bulkId)))
      throw invalid('/bulk_id', NOTHING);
    if (filter.endpointId !== null) await this.refuseClosed(tx, merchantId, filter.endpointId);
    if ((await this.resends.countRunning(tx, merchantId)) >= RUNNING_MAX) {
      throw webhookProblem('too_many_resends', `${RUNNING_MAX} are running. Wait for one to finish, or cancel it.`);
    }
    const id = newUuid();
    await this.resends.insert(tx, { id, merchantId, ...filter });
    tx.note({ subject: toTypeId('resend', id), changes: differences(Object.keys(told(filter)), told(filter)) });
    return id;
  }

  private async refuseClosed(tx: Tx, merchantId: string, endpointId: string): Promise<void> {
    const endpoint = await this.endpoints.lock(tx, merchantId, endpointId);
    if (endpoint === null) throw invalid('/endpoint_id', NOTHING);
    if (endpoint.status === 'disabled') throw webhookProblem('endpoint_disabled', 'Enable the endpoint, then send again.');
  }
}

const told = ({ endpointId, bulkId, eventType, state, createdAfter, createdBefore }: ResendFilter): Record<string, unknown> => ({
  endpoint_id: endpointId === null ? null : toTypeId('endpoint', endpointId),
  bulk_id: bulkId === null ? null : toTypeId('bulk', bulkId),
  ...{ event_type: eventType, status: state, created_after: createdAfter, created_before: createdBefore },
});

const NOTHING = 'This id names nothing of yours.';

const invalid = (pointer: string, detail: string): Problem =>
  kernelProblem('invalid_field', 'One field is not as it has to be; see errors.', {
    errors: [{ pointer, code: 'invalid_field', detail }],
  });
