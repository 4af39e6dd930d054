import { Body, Controller, Headers, HttpCode, Post, Res } from '@nestjs/common';
import { ApiBadRequestResponse, ApiBody, ApiConsumes, ApiOkResponse, ApiTags, ApiUnauthorizedResponse } from '@nestjs/swagger';
import type { Response } from 'express';
import { FormBody, Operation, Public } from '../../platform/http/index.js';
import { KeyPairs, keyPairOf } from '../key-pairs.js';
import { AccessTokens } from './access-token.js';
import { GrantTokenDto, TokenDto, TokenRefusalDto } from './token.dto.js';

/** Where a client of PayPal shows its id and secret: those of an API key. */
@ApiTags('Token')
@Controller('v1/oauth2')
export class TokenController {
  constructor(
    private readonly keys: KeyPairs,
    private readonly tokens: AccessTokens,
  ) {}

  /** Gives a token for the id and the secret of a key, shown as Basic (RFC 7617). */
  @Operation('grantPaypalToken')
  @Post('token')
  @HttpCode(200)
  @Public()
  @FormBody()
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiBody({ type: GrantTokenDto })
  @ApiOkResponse({ type: TokenDto })
  @ApiBadRequestResponse({ type: TokenRefusalDto, description: 'Another type of grant.' })
  @ApiUnauthorizedResponse({ type: TokenRefusalDto, description: 'Not the id and the secret of one valid key.' })
  async grant(
    @Headers('authorization') authorization: string | undefined,
    @Body() form: unknown,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TokenDto | TokenRefusalDto> {
    // RFC 6749 section 5.1.
    response.setHeader('Cache-Control', 'no-store');
    if ((form as { grant_type?: unknown } | undefined)?.grant_type !== 'client_credentials') {
      response.status(400);
      return { error: 'unsupported_grant_type', error_description: 'Send grant_type=client_credentials.' };
    }
    const pair = keyPairOf(authorization);
    const caller = pair === null ? null : await this.keys.identify(pair);
    if (caller?.kind !== 'merchant') {
      response.status(401).setHeader('WWW-Authenticate', 'Basic');
      return { error: 'invalid_client', error_description: 'Client Authentication failed' };
    }
    return {
      scope: 'https://uri.paypal.com/services/payments/payouts',
      access_token: this.tokens.issue(caller.merchant.keyId),
      token_type: 'Bearer',
      app_id: 'APP-TRANCHE',
      expires_in: this.tokens.lifetime_s,
    };
  }
}
