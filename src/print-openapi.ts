import 'reflect-metadata';

import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { readFile, writeFile } from 'node:fs/promises';
import { AppModule } from './app.module.js';
import { buildDocument } from './openapi/index.js';
import { type Configuration, readConfiguration } from './platform/config/index.js';

const PATH = 'docs/openapi.json';

/** Nothing is started: a preview of the application has all of its metadata and none of its providers. */
async function printedDocument(): Promise<string> {
  const noKey = { id: '', bytes: Buffer.alloc(0) };
  const configuration: Configuration = { ...readConfiguration({}), databaseUrl: '', operatorKey: '', encryptionKeys: [noKey] };
  const app = await NestFactory.create<NestExpressApplication>(AppModule.for(configuration), { preview: true, logger: false });
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  return `${JSON.stringify(buildDocument(app, version), null, 2)}\n`;
}

/**
 * Writes the API document; with `--check` only compares it. Runs from the build and nowhere else: the comments that the
 * document is made of are in what the compiler plugin wrote there.
 */
async function printOpenapi(check: boolean): Promise<void> {
  if (import.meta.url.endsWith('.ts')) throw new Error('the sources have no metadata; run npm run docs');
  const text = await printedDocument();
  const kept = await readFile(PATH, 'utf8').catch(() => null);
  if (kept === text) return;
  if (check) throw new Error(`no longer what the code says: ${PATH}; run npm run docs`);
  await writeFile(PATH, text);
}

await printOpenapi(process.argv.includes('--check'));
