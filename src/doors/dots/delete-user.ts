import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { notFound } from './dots-refusal.js';
import { type User, UserRepository } from './user.repository.js';

/** Forgets a user with his payout methods. What was ordered for him is paid all the same: it has its own copy. */
@Injectable()
export class DeleteUser {
  constructor(private readonly users: UserRepository) {}

  /** @returns him as he was. @throws not-found */
  async execute(tx: Tx, merchantId: string, id: string): Promise<User> {
    await this.users.lock(tx, merchantId, id);
    const user = (await this.users.find(tx, merchantId, [id])).get(id);
    if (user === undefined) throw notFound();
    await this.users.delete(tx, merchantId, id);
    tx.note({ changes: [], subject: id });
    return user;
  }
}
