import addFormats from 'ajv-formats';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly content?: object }>>;
}

type Document = Readonly<Record<string, unknown>> & {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

const written = (name: string): Document =>
  JSON.parse(readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')) as Document;

/** The API document as it is served. */
export const openapiDocument = written('openapi.json');
/** That of the door for clients of PayPal. */
export const paypalDocument = written('paypal-openapi.json');
/** That of the door for clients of Dots. */
export const dotsDocument = written('dots-openapi.json');

const DOCUMENT = 'openapi.json';

/** Knows the schemas of the document. Not strict: the rest of an OpenAPI document is no schema. */
export function openapiValidator(document = openapiDocument): Ajv2020 {
  const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: true });
  addFormats.default(ajv);
  return ajv.addSchema(document, DOCUMENT);
}

const ajvs = new Map<Document, Ajv2020>();
const compiled = new Map<Document, Map<string, ValidateFunction>>();

/** By a JSON Pointer into the document. */
function validatorAt(document: Document, pointer: string): ValidateFunction {
  const ajv = ajvs.get(document) ?? openapiValidator(document);
  ajvs.set(document, ajv);
  const validators = compiled.get(document) ?? new Map<string, ValidateFunction>();
  compiled.set(document, validators);
  const known = validators.get(pointer) ?? ajv.compile({ $ref: `${DOCUMENT}#${pointer}` });
  validators.set(pointer, known);
  return known;
}

/**
 * Holds a real answer to the API document.
 * @param path as it was called, a query is ignored.
 * @param document another than that of the native contract.
 * @throws where the document has no such route or status, or another body.
 */
export function assertAnswer(
  method: string,
  path: string,
  { status, body, document = openapiDocument }: { status: number; body: unknown; document?: Document },
): void {
  const call = `${method} ${path} answered ${String(status)}`;
  const pathname = path.split('?')[0] ?? '';
  const template = templateOf(document, method.toLowerCase(), pathname);
  const operation = document.paths[template ?? '']?.[method.toLowerCase()];
  if (template === undefined || operation === undefined) throw new Error(`${call}; the API document has no such route`);
  const response = operation.responses[String(status)];
  if (response === undefined) throw new Error(`${call}, which the document does not say of ${operation.operationId}`);
  const at =
    response.$ref === undefined
      ? `/paths/${escaped(template)}/${method.toLowerCase()}/responses/${String(status)}`
      : response.$ref.slice(1);
  const type = typeOf(document, at);
  if (type === undefined) {
    if (body !== undefined && body !== '') throw new Error(`${call} with a body, where the document has none`);
    return;
  }
  const validate = validatorAt(document, `${at}/content/${escaped(type)}/schema`);
  if (!validate(body)) {
    const faults = validate.errors?.map(
      ({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
    );
    throw new Error(
      `${call}, not as the document says of ${operation.operationId}:\n${faults?.join('\n') ?? ''}\n${JSON.stringify(body)}`,
    );
  }
}

/** Whether the document says of this route that it answers so. */
export function isDocumented(
  method: string,
  path: string,
  { status, document }: { status: number; document: Document },
): boolean {
  const template = templateOf(document, method.toLowerCase(), path.split('?')[0] ?? '');
  return document.paths[template ?? '']?.[method.toLowerCase()]?.responses[String(status)] !== undefined;
}

/** Holds a refusal that can come of any route to the form that a door's document has for all of them. @throws where it is something else. */
export function assertError(body: unknown, document: Document): void {
  const validate = validatorAt(document, '/components/schemas/Error');
  if (!validate(body)) throw new Error(`not an error of the door: ${JSON.stringify(body)}: ${JSON.stringify(validate.errors)}`);
}

/** Holds what an endpoint was sent to the document's word for this type of it. @throws where it is something else. */
export function assertWebhook(type: string, body: unknown, document: Document): void {
  const validate = validatorAt(document, `/webhooks/${escaped(type)}/post/requestBody/content/application~1json/schema`);
  if (!validate(body)) throw new Error(`${type} is not as the document says: ${JSON.stringify(validate.errors)}`);
}

const escaped = (token: string): string => token.replaceAll('~', '~0').replaceAll('/', '~1');

/** A path without parameters counts before one with. */
function templateOf(document: Document, method: string, pathname: string): string | undefined {
  const fits = (path: string): boolean =>
    path === pathname || new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname);
  return Object.keys(document.paths)
    .filter((path) => fits(path) && document.paths[path]?.[method] !== undefined)
    .sort((a, b) => Number(a.includes('{')) - Number(b.includes('{')))[0];
}

/** The media type of a response that has a body. */
function typeOf(document: Document, pointer: string): string | undefined {
  let value: unknown = document;
  for (const token of pointer.split('/').slice(1)) {
    value = (value as Readonly<Record<string, unknown>>)[token.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return Object.keys((value as { readonly content?: object }).content ?? {})[0];
}
