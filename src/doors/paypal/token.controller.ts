import { Body, Controller, Headers, HttpCode, Inject, Post, Res } from '@nestjs/common';
import { ApiBadRequestResponse, ApiBody, ApiConsumes, ApiOkResponse, ApiTags, ApiUnauthorizedResponse } from '@nestjs/swagger';
import type { Response } from 'express';
import { CREDENTIALS, type Credentials, FormBody, Operation, Public } from '../../platform/http/index.js';
import { fromTypeId } from '../../platform/ids/index.js';
import { AccessTokens } from './access-token.js';
import { GrantTokenDto, TokenDto, TokenRefusalDto } from './token.dto.js';

/** `Basic` and the base64 of id, colon and secret (RFC 7617). */
const BASIC = /^Basic +([A-Za-z0-9+/=]+)$/i;

/** Where a client of PayPal shows its id and secret: those of an API key. */
@ApiTags('Token')
@Controller('v1/oauth2')
export class TokenController {
  constructor(
    @Inject(CREDENTIALS) private readonly credentials: Credentials,
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
    const keyId = await this.keyOf(authorization);
    if (keyId === null) {
      response.status(401).setHeader('WWW-Authenticate', 'Basic');
      return { error: 'invalid_client', error_description: 'Client Authentication failed' };
    }
    return {
      scope: 'https://uri.paypal.com/services/payments/payouts',
      access_token: this.tokens.issue(keyId),
      token_type: 'Bearer',
      app_id: 'APP-TRANCHE',
      expires_in: this.tokens.lifetime_s,
    };
  }

  /** The uuid of the key whose id and secret these are: an id with another key's secret is nobody's. */
  private async keyOf(authorization: string | undefined): Promise<string | null> {
    const pair = Buffer.from(BASIC.exec(authorization ?? '')?.[1] ?? '', 'base64').toString('utf8');
    const colon = pair.indexOf(':');
    if (colon < 0) return null;
    const caller = await this.credentials.identify(pair.slice(colon + 1));
    const named = fromTypeId('key', pair.slice(0, colon));
    return caller.kind === 'merchant' && caller.merchant.keyId === named ? named : null;
  }
}
