import { Injectable } from '@nestjs/common';
import { differences } from '../../platform/audit/index.js';
import { Sealer } from '../../platform/crypto/index.js';
import type { Tx } from '../../platform/database/index.js';
import { notFound } from '../../platform/http/index.js';
import { toTypeId } from '../../platform/ids/index.js';
import type { UrlRefusal } from '../egress/webhook-url.js';
import { typesOfFormat } from '../events/body-format.js';
import { endpointSecretsPlace, openSecrets, publicKeysOf, sealSecrets, signAsymmetrically } from '../signing/signing-secrets.js';
import { refuseHeaders, refuseUnknownTypes, refuseUrl, webhookProblem } from '../webhooks.problems.js';
import { type CustomHeaders, sealHeaders } from './custom-headers.js';
import { EndpointSettingsRepository } from './endpoint-settings.repository.js';
import { type EndpointContent, EndpointRepository, type EndpointRow } from './endpoint.repository.js';

export interface EndpointChanges extends EndpointContent {
  readonly rate_per_second: number | null;
  /** All of them: what is sent is never shown, so nobody could say what a merge of the two gave. */
  readonly headers: CustomHeaders;
  readonly asymmetric: boolean;
}

export interface UpdateEndpointCommand {
  readonly merchantId: string;
  readonly endpointId: string;
  readonly changes: Partial<EndpointChanges>;
  readonly refusal: UrlRefusal | null;
}

/** Changes a registered endpoint. A changed URL takes the backlog along: it is the same lane, somewhere else. */
@Injectable()
export class UpdateEndpoint {
  constructor(
    private readonly endpoints: EndpointRepository,
    private readonly settings: EndpointSettingsRepository,
    private readonly sealer: Sealer,
  ) {}

  async execute(tx: Tx, { merchantId, endpointId, changes, refusal }: UpdateEndpointCommand): Promise<void> {
    const endpoint = await this.endpoints.lock(tx, merchantId, endpointId);
    if (endpoint === null) throw notFound();
    if (!endpoint.registered)
      throw webhookProblem('endpoint_not_registered', 'Only a bulk names this URL. Register the URL to give it content.');
    if (refusal !== null) throw refuseUrl(refusal, '/url');
    refuseUnknownTypes(changes.event_types ?? null);
    refuseHeaders(changes.headers ?? {});
    await this.writeContent(tx, endpoint, changes);
    await this.writeSettings(tx, endpoint, changes);
  }

  private async writeContent(tx: Tx, endpoint: EndpointRow, changes: Partial<EndpointChanges>): Promise<void> {
    const { url = endpoint.url, description = endpoint.description } = changes;
    const wanted = changes.event_types === undefined ? endpoint.event_types : changes.event_types;
    const event_types = typesOfFormat(endpoint.format, wanted);
    if (url !== endpoint.url && endpoint.from_bulk) {
      throw webhookProblem(
        'endpoint_named_by_bulk',
        'Bulks name this URL and go on to do so. Register the new URL as an endpoint of its own.',
      );
    }
    if (await this.endpoints.writeContent(tx, endpoint.id, { url, event_types, description })) {
      tx.note({ changes: differences(['url', 'event_types', 'description'], { url, event_types, description }, endpoint) });
      return;
    }
    const existing = await this.endpoints.idOfUrl(tx, endpoint.merchant_id, url);
    throw webhookProblem('endpoint_url_taken', 'Another endpoint has this URL, or a bulk names it.', {
      members: existing === null ? {} : { existing_id: toTypeId('endpoint', existing) },
    });
  }

  private async writeSettings(tx: Tx, endpoint: EndpointRow, changes: Partial<EndpointChanges>): Promise<void> {
    const { rate_per_second, headers, asymmetric } = changes;
    if (rate_per_second === undefined && headers === undefined && asymmetric === undefined) return;
    const before = await this.settings.of(tx, endpoint.id);
    const after = {
      ...before,
      ...(rate_per_second === undefined ? {} : { rate_per_second }),
      ...(headers === undefined ? {} : sealHeaders(this.sealer, headers, endpoint.id)),
      ...(asymmetric === undefined ? {} : { public_keys: await this.writeSecrets(tx, endpoint, asymmetric) }),
    };
    await this.settings.write(tx, endpoint.id, after);
    tx.note({ changes: differences(['rate_per_second', 'header_names', 'public_keys'], after, before) });
  }

  private async writeSecrets(tx: Tx, { id, secrets: sealed }: EndpointRow, asymmetric: boolean) {
    if (sealed === null) throw new Error(`the registered endpoint ${id} has no secrets`);
    const place = endpointSecretsPlace(id);
    const secrets = signAsymmetrically(openSecrets(this.sealer, sealed, place), asymmetric);
    await this.endpoints.writeSecrets(tx, id, sealSecrets(this.sealer, secrets, place));
    return publicKeysOf(secrets);
  }
}
