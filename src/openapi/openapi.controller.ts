import { Controller, Get, Header, Param, StreamableFile } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { notFound, Operation, Public } from '../platform/http/index.js';
import { type Asset, DOCS_PAGE, docsAssets } from './docs-page.js';
import { readWrittenDocument } from './written-document.js';

/** What the API says of itself. */
@ApiTags('Service')
@Controller()
@Public()
export class OpenapiController {
  private readonly document = readWrittenDocument('openapi.json');
  private readonly ofPaypal = readWrittenDocument('paypal-openapi.json');
  private readonly ofDots = readWrittenDocument('dots-openapi.json');
  private assets: ReadonlyMap<string, Asset> | null = null;

  /** This document. */
  @Operation('getOpenapiDocument')
  @Get('openapi.json')
  @ApiOkResponse({ content: { 'application/json': { schema: { type: 'object' }, example: { openapi: '3.1.0' } } } })
  openapi(): StreamableFile {
    return asJson(this.document);
  }

  /** The document of the door for clients of PayPal Payouts. */
  @Operation('getPaypalOpenapiDocument')
  @Get('paypal/openapi.json')
  @ApiOkResponse({ content: { 'application/json': { schema: { type: 'object' }, example: { openapi: '3.1.0' } } } })
  paypal(): StreamableFile {
    return asJson(this.ofPaypal);
  }

  /** The document of the door for clients of Dots. */
  @Operation('getDotsOpenapiDocument')
  @Get('dots/openapi.json')
  @ApiOkResponse({ content: { 'application/json': { schema: { type: 'object' }, example: { openapi: '3.1.0' } } } })
  dots(): StreamableFile {
    return asJson(this.ofDots);
  }

  /** This document as a page to read and to try things out. */
  @Operation('getDocsPage')
  @Get('docs')
  @Header('Content-Type', 'text/html; charset=utf-8')
  @ApiOkResponse({ content: { 'text/html': { schema: { type: 'string' }, example: '<!doctype html>' } } })
  page(): string {
    return DOCS_PAGE;
  }

  /** What the page loads. */
  @Operation('getDocsAsset')
  @Get('docs/:name')
  @Header('Cache-Control', 'public, max-age=3600')
  @ApiExcludeEndpoint()
  asset(@Param('name') name: string): StreamableFile {
    this.assets ??= docsAssets();
    const asset = this.assets.get(name);
    if (asset === undefined) throw notFound();
    return new StreamableFile(asset.bytes, { type: asset.type, length: asset.bytes.length });
  }
}

const asJson = (document: Buffer): StreamableFile =>
  new StreamableFile(document, { type: 'application/json; charset=utf-8', length: document.length });
