import type { ArgumentMetadata, PipeTransform, Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import { isObject, type JsonMembers } from '../json/index.js';
import { findingsOfPlain, findingsOfValidation, unknownField, withoutUnreadable } from './dto-findings.js';
import { pointerTo } from './json-pointer.js';
import { kernelProblem } from './kernel.problems.js';
import type { Problem, ProblemFinding } from './problem.js';
import { verbatimFields } from './verbatim.decorator.js';

/** What TypeScript writes down for a parameter that is no DTO. */
const NOT_DTOS: readonly unknown[] = [undefined, Object, String, Number, Boolean, Array];

/**
 * Turns a body or a query into its DTO and holds it to the decorators there: every fault at once, unknown fields too, and
 * no value is repeated. A missing body is an empty object. Every declared field is a property of the DTO: what was left
 * out is `undefined`, what was removed is `null`.
 */
export class DtoPipe implements PipeTransform {
  async transform(value: unknown, { type, metatype, data: member }: ArgumentMetadata): Promise<unknown> {
    if ((type !== 'body' && type !== 'query') || member !== undefined || NOT_DTOS.includes(metatype)) return value;
    const { dto, findings } = await read(metatype as Type<object>, objectOf(value));
    if (findings.length > 0) throw type === 'body' ? bodyProblem(findings) : queryProblem(findings);
    return dto;
  }
}

/** For a route that takes no member at all: nothing and `{}` say nothing. @throws `unknown_field`, `invalid_field` */
export function refuseMembers(body: unknown): void {
  const findings = Object.keys(objectOf(body)).map((member) => unknownField(pointerTo('', member)));
  if (findings.length > 0) throw bodyProblem(findings);
}

/** A missing body is an empty object. @throws `invalid_field` where it is something else than an object. */
function objectOf(value: unknown): JsonMembers {
  if (value === undefined) return {};
  if (isObject(value)) return value;
  throw bodyProblem([{ pointer: '', code: 'invalid_field', detail: 'The body has to be a JSON object.' }]);
}

async function read(
  metatype: Type<object>,
  plain: Record<string, unknown>,
): Promise<{ dto: object; findings: ProblemFinding[] }> {
  const given = verbatimFields(metatype).filter((field) => plain[field] !== undefined);
  const copied = Object.fromEntries(Object.entries(plain).filter(([key]) => !given.includes(key)));
  const findings = findingsOfPlain(copied);
  const dto = plainToInstance(metatype, findings.length === 0 ? copied : withoutUnreadable(copied));
  Object.assign(dto, Object.fromEntries(given.map((field) => [field, plain[field]])));
  const errors = await validate(dto, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    validationError: { target: false, value: false },
  });
  return { dto, findings: withoutRepeats([...findings, ...findingsOfValidation(errors)]) };
}

/** The first of each code at each place: a text that can not be kept is also none that its field takes. */
const withoutRepeats = (findings: readonly ProblemFinding[]): ProblemFinding[] =>
  [...new Map(findings.toReversed().map((finding) => [`${finding.code} ${finding.pointer}`, finding])).values()].toReversed();

/** The body's refusal: `unknown_field` where that is all there is to say, else `invalid_field`. */
function bodyProblem(errors: readonly ProblemFinding[]): Problem {
  const code = errors.every((finding) => finding.code === 'unknown_field') ? 'unknown_field' : 'invalid_field';
  return kernelProblem(
    code,
    `${errors.length === 1 ? 'One field is not as it has' : `${String(errors.length)} fields are not as they have`} to be; see errors.`,
    {
      errors,
    },
  );
}

function queryProblem(findings: readonly ProblemFinding[]): Problem {
  const parameters = findings.map(({ pointer, code, detail }) => ({
    name: pointer.slice(1),
    detail: code === 'unknown_field' ? 'This route has no such parameter.' : detail,
  }));
  return invalidQuery(parameters);
}

/** A refused query, by parameter. */
export const invalidQuery = (parameters: readonly { readonly name: string; readonly detail: string }[]): Problem =>
  kernelProblem('invalid_query', `Mend these parameters: ${parameters.map(({ name }) => name).join(', ')}.`, {
    members: { parameters },
  });
