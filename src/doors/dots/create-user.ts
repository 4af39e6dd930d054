import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/index.js';
import { RequestReader } from './request-reader.js';
import { type Profile, type User, UserRepository } from './user.repository.js';

const NAME_LENGTH_MAX = 100;
const EMAIL_LENGTH_MAX = 254;
/** ITU-T E.164: fifteen digits with the country's; some write them with blanks and brackets. */
const PHONE_LENGTH_MAX = 30;

/** Keeps a user, or finds the one who has the phone number already. Whether the address and the number exist is judged when they are paid by. */
@Injectable()
export class CreateUser {
  constructor(private readonly users: UserRepository) {}

  /** @throws invalid-input */
  async execute(tx: Tx, merchantId: string, body: unknown): Promise<User> {
    const user = await this.users.findOrInsert(tx, merchantId, readProfile(body));
    tx.note({ changes: [], subject: user.id });
    return user;
  }
}

function readProfile(value: unknown): Profile {
  const reader = new RequestReader();
  const body = reader.object(value, 'body');
  const profile = {
    first_name: reader.text(body['first_name'], 'first_name', NAME_LENGTH_MAX),
    last_name: reader.text(body['last_name'], 'last_name', NAME_LENGTH_MAX),
    email: reader.text(body['email'], 'email', EMAIL_LENGTH_MAX),
    ...readPhone(reader, body, ''),
    metadata: reader.metadata(body['metadata'], 'metadata'),
    methods: [],
  };
  reader.refuse();
  return profile;
}

/** @param at where the two members are: nothing, or `payee.` */
export const readPhone = (
  reader: RequestReader,
  members: Readonly<Record<string, unknown>>,
  at: string,
): Pick<Profile, 'country_code' | 'phone_number'> => ({
  country_code: reader.text(members['country_code'], `${at}country_code`, PHONE_LENGTH_MAX).replace(/^\+/, ''),
  phone_number: reader.text(members['phone_number'], `${at}phone_number`, PHONE_LENGTH_MAX),
});
