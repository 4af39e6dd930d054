import { Injectable } from '@nestjs/common';
import { StrayPaymentRepository } from '../connectors/index.js';
import type { Tx } from '../platform/database/index.js';
import { notFound } from '../platform/http/index.js';

/** Somebody has cleared a stray payment with the provider. The first word stays; to repeat it is harmless. It resumes nothing. */
@Injectable()
export class AcknowledgeStrayPayment {
  constructor(private readonly strays: StrayPaymentRepository) {}

  async execute(tx: Tx, { id, reason }: { readonly id: string; readonly reason: string }): Promise<void> {
    const fresh = await this.strays.acknowledge(tx, id, reason);
    if (fresh === null) throw notFound();
    tx.note({ changes: fresh ? [{ field: 'acknowledge_reason', before: null, after: reason }] : [] });
  }
}
