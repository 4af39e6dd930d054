import 'reflect-metadata';

import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { readFile, writeFile } from 'node:fs/promises';
import { AppModule } from './app.module.js';
import { dotsDocument, paypalDocument } from './doors/index.js';
import { buildDocument, buildDoorDocument } from './openapi/index.js';
import { type Configuration, readConfiguration } from './platform/config/index.js';

/** Nothing is started: a preview of the application has all of its metadata and none of its providers. */
async function documents(): Promise<Readonly<Record<string, object>>> {
  const noKey = { id: '', bytes: Buffer.alloc(0) };
  const configuration: Configuration = { ...readConfiguration({}), databaseUrl: '', operatorKey: '', encryptionKeys: [noKey] };
  const app = await NestFactory.create<NestExpressApplication>(AppModule.for(configuration), { preview: true, logger: false });
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  return {
    'docs/openapi.json': buildDocument(app, version, [paypalDocument.module, dotsDocument.module]),
    'docs/paypal-openapi.json': buildDoorDocument(app, version, paypalDocument),
    'docs/dots-openapi.json': buildDoorDocument(app, version, dotsDocument),
  };
}

/**
 * Writes the API documents; with `--check` only compares them. Runs from the build and nowhere else: the comments that the
 * documents are made of are in what the compiler plugin wrote there.
 */
async function printOpenapi(check: boolean): Promise<void> {
  if (import.meta.url.endsWith('.ts')) throw new Error('the sources have no metadata; run npm run docs');
  for (const [path, document] of Object.entries(await documents())) {
    const text = `${JSON.stringify(document, null, 2)}\n`;
    const kept = await readFile(path, 'utf8').catch(() => null);
    if (kept === text) continue;
    if (check) throw new Error(`no longer what the code says: ${path}; run npm run docs`);
    await writeFile(path, text);
  }
}

await printOpenapi(process.argv.includes('--check'));
