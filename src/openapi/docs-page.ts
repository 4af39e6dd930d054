import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** One file of the page, whole. */
export interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
}

/**
 * The page is served from here alone: it works on a machine without a network, and our content security policy lets no
 * script in from elsewhere nor from within the page.
 */
export const DOCS_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Tranche API</title>
    <link rel="icon" type="image/png" sizes="32x32" href="/docs/favicon-32x32.png" />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <noscript>This page needs JavaScript. The document itself is at <a href="/openapi.json">/openapi.json</a>.</noscript>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

/** No validator of somebody else's is asked about the document; a key stays in the tab that it was typed into. */
const START_SCRIPT = `window.ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayOperationId: true,
  displayRequestDuration: true,
  docExpansion: 'none',
  filter: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
`;

const TYPES = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
} as const;

/** The files of the page by their names; read once, at the first question. */
export function docsAssets(): ReadonlyMap<string, Asset> {
  // The package belongs to @nestjs/swagger, so it is looked for from there.
  const fromSwagger = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger'));
  const folder = dirname(fromSwagger.resolve('swagger-ui-dist/package.json'));
  return new Map([
    ...Object.entries(TYPES).map(([name, type]): [string, Asset] => [name, { type, bytes: readFileSync(join(folder, name)) }]),
    ['start.js', { type: TYPES['swagger-ui-bundle.js'], bytes: Buffer.from(START_SCRIPT) }],
  ]);
}
