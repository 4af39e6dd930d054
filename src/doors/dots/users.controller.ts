import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiOkResponse, ApiQuery, ApiTags } from '@nestjs/swagger';
import { Transactions, type Tx } from '../../platform/database/index.js';
import { Merchant, type MerchantPrincipal, Operation, RequestTx, Scopes } from '../../platform/http/index.js';
import { AddPayoutMethod } from './add-payout-method.js';
import { CreateUser } from './create-user.js';
import { DeleteUser } from './delete-user.js';
import { DotsQueries } from './dots.queries.js';
import { ErrorDto } from './error.dto.js';
import { readPage, toPage } from './page.js';
import { toPayoutMethod, toUser, uuidIn } from './user-response.js';
import { AddPayoutMethodDto, CreateUserDto, PayoutMethodDto, UserDto, UserListDto } from './user.dto.js';

/** The people whom clients of Dots pay, as far as a batch needs them. */
@ApiTags('Users')
@ApiExtraModels(ErrorDto)
@Controller('api/v2/users')
export class DotsUsersController {
  constructor(
    private readonly transactions: Transactions,
    private readonly queries: DotsQueries,
    private readonly createUser: CreateUser,
    private readonly addPayoutMethod: AddPayoutMethod,
    private readonly deleteUser: DeleteUser,
  ) {}

  /** Makes a user, or answers the one who has the phone number already. */
  @Operation('createDotsUser', { refuses: ['invalid-input'] })
  @Post()
  @HttpCode(200)
  @Scopes('bulks:write')
  @ApiBody({ type: CreateUserDto })
  async create(@RequestTx() tx: Tx, @Merchant() merchant: MerchantPrincipal, @Body() body: unknown): Promise<UserDto> {
    return toUser(await this.createUser.execute(tx, merchant.id, body));
  }

  /** All users, newest first. */
  @Operation('listDotsUsers', { refuses: ['invalid-input'] })
  @Get()
  @Scopes('bulks:read')
  @ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 100, default: 100 } })
  @ApiQuery({ name: 'starting_after', required: false, schema: { type: 'string', format: 'uuid' } })
  @ApiQuery({ name: 'ending_before', required: false, schema: { type: 'string', format: 'uuid' } })
  list(@Merchant() merchant: MerchantPrincipal, @Query() query: Readonly<Record<string, unknown>>): Promise<UserListDto> {
    const page = readPage(query);
    return this.transactions.asMerchant(merchant.id, async (tx) =>
      toPage(await this.queries.users(tx, merchant.id, page), toUser),
    );
  }

  /** One user. */
  @Operation('getDotsUser', { refuses: ['not-found'] })
  @Get(':id')
  @Scopes('bulks:read')
  show(@Merchant() merchant: MerchantPrincipal, @Param('id') id: string): Promise<UserDto> {
    return this.transactions.asMerchant(merchant.id, async (tx) => toUser(await this.queries.user(tx, merchant.id, uuidIn(id))));
  }

  /** Forgets a user. Payouts to him that were ordered before are not touched. */
  @Operation('deleteDotsUser', { refuses: ['not-found'] })
  @Delete(':id')
  @Scopes('bulks:write')
  async remove(@RequestTx() tx: Tx, @Merchant() merchant: MerchantPrincipal, @Param('id') id: string): Promise<UserDto> {
    return toUser(await this.deleteUser.execute(tx, merchant.id, uuidIn(id)));
  }

  /** Adds a way to pay a user. */
  @Operation('putDotsPayoutMethod', { refuses: ['invalid-input', 'not-found'] })
  @Put(':id/payout-methods')
  @Scopes('bulks:write')
  @ApiBody({ type: AddPayoutMethodDto })
  @ApiOkResponse({ type: PayoutMethodDto })
  put(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id') id: string,
    @Body() body: unknown,
  ): Promise<PayoutMethodDto> {
    return this.add(tx, { merchantId: merchant.id, userId: uuidIn(id), body });
  }

  /** The same: Dots' reference says PUT, its guide POST. */
  @Operation('addDotsPayoutMethod', { refuses: ['invalid-input', 'not-found'] })
  @Post(':id/payout-methods')
  @HttpCode(200)
  @Scopes('bulks:write')
  @ApiBody({ type: AddPayoutMethodDto })
  @ApiOkResponse({ type: PayoutMethodDto })
  post(
    @RequestTx() tx: Tx,
    @Merchant() merchant: MerchantPrincipal,
    @Param('id') id: string,
    @Body() body: unknown,
  ): Promise<PayoutMethodDto> {
    return this.add(tx, { merchantId: merchant.id, userId: uuidIn(id), body });
  }

  private async add(tx: Tx, command: Parameters<AddPayoutMethod['execute']>[1]): Promise<PayoutMethodDto> {
    return toPayoutMethod(await this.addPayoutMethod.execute(tx, command));
  }
}
