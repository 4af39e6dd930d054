import { Injectable } from '@nestjs/common';
import type { HttpRequest, Preparation } from '../../platform/http/index.js';
import { Egress } from './egress.js';
import type { UrlRefusal } from './webhook-url.js';

/**
 * Looks at the URL that a body brings (`url` of an endpoint, `webhook_url` of a bulk) before the request's transaction
 * begins, because a name server may be slow: `@PreparedBy(VetWebhookUrl)`, and the handler gets `@Prepared() refusal`.
 */
@Injectable()
export class VetWebhookUrl implements Preparation<UrlRefusal | null> {
  constructor(private readonly egress: Egress) {}

  async prepare({ body }: HttpRequest): Promise<UrlRefusal | null> {
    if (typeof body !== 'object' || body === null) return null;
    const { url, webhook_url } = body as { readonly url?: unknown; readonly webhook_url?: unknown };
    const text = webhook_url ?? url;
    return typeof text === 'string' ? this.egress.vet(text) : null;
  }
}
