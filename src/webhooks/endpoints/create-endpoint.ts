import { Injectable } from '@nestjs/common';
import { differences } from '../../platform/audit/index.js';
import { Sealer } from '../../platform/crypto/index.js';
import type { Tx } from '../../platform/database/index.js';
import { newUuid, toTypeId } from '../../platform/ids/index.js';
import type { UrlRefusal } from '../egress/webhook-url.js';
import { typesOfFormat } from '../events/body-format.js';
import { newSigningSecret } from '../signing/signing-keys.js';
import { endpointSecretsPlace, publicKeysOf, sealSecrets, signAsymmetrically } from '../signing/signing-secrets.js';
import { refuseHeaders, refuseUnknownTypes, refuseUrl, webhookProblem } from '../webhooks.problems.js';
import { type CustomHeaders, sealHeaders } from './custom-headers.js';
import { EndpointSettingsRepository } from './endpoint-settings.repository.js';
import { type EndpointContent, EndpointRepository } from './endpoint.repository.js';

/**
 * Of one merchant. Each of its events is written once for each of them, and what happens to one is told to all others: a
 * thousand, all of them dead, were a million notices, behind which everybody's deliveries waited.
 */
const ENDPOINTS_MAX = 100;

export interface CreateEndpointCommand extends EndpointContent {
  readonly merchantId: string;
  readonly format: string;
  readonly refusal: UrlRefusal | null;
  readonly rate_per_second: number | null;
  readonly headers: CustomHeaders;
  readonly asymmetric: boolean;
}

/** Registers an endpoint for the events of every bulk. The lane of a URL that bulks already name becomes the endpoint. */
@Injectable()
export class CreateEndpoint {
  constructor(
    private readonly endpoints: EndpointRepository,
    private readonly settings: EndpointSettingsRepository,
    private readonly sealer: Sealer,
  ) {}

  /** @returns its id, and its secret, which is never shown again. */
  async execute(tx: Tx, command: CreateEndpointCommand): Promise<{ id: string; secret: string }> {
    const { merchantId, refusal, rate_per_second, headers, asymmetric, format, ...content } = command;
    if (refusal !== null) throw refuseUrl(refusal, '/url');
    refuseUnknownTypes(content.event_types);
    refuseHeaders(headers);
    const event_types = typesOfFormat(format, content.event_types);
    const id = await this.endpoints.insert(tx, { id: newUuid(), merchantId, format, ...content, event_types });
    if (id === null) throw await this.urlTaken(tx, merchantId, content.url);
    if ((await this.endpoints.countRegistered(tx, merchantId)) > ENDPOINTS_MAX) throw tooManyEndpoints();
    const secret = newSigningSecret();
    const secrets = signAsymmetrically([{ secret, expires_at: null }], asymmetric);
    await this.endpoints.writeSecrets(tx, id, sealSecrets(this.sealer, secrets, endpointSecretsPlace(id)));
    await this.settings.write(tx, id, {
      rate_per_second,
      ...sealHeaders(this.sealer, headers, id),
      public_keys: publicKeysOf(secrets),
    });
    tx.note({
      changes: [
        ...differences(['url', 'format', 'event_types', 'description', 'rate_per_second', 'asymmetric'], command),
        { field: 'headers', before: [], after: Object.keys(headers) },
      ],
    });
    return { id, secret };
  }

  private async urlTaken(tx: Tx, merchantId: string, url: string) {
    const existing = await this.endpoints.idOfUrl(tx, merchantId, url);
    const members = existing === null ? {} : { existing_id: toTypeId('endpoint', existing) };
    return webhookProblem(
      'endpoint_url_taken',
      'The URL is registered already, or bulks name it and are told in another format.',
      { members },
    );
  }
}

const tooManyEndpoints = () =>
  webhookProblem(
    'too_many_endpoints',
    `A merchant may register ${ENDPOINTS_MAX} endpoints, and you have as many. Delete one that is not needed any more.`,
  );
