import { defineProblems, kernelProblem, type Problem, type ProblemFinding } from '../platform/http/index.js';
import type { UrlRefusal } from './egress/webhook-url.js';
import { type CustomHeaders, findingsOfHeaders } from './endpoints/custom-headers.js';
import { isKnownEventType } from './events/event-catalogue.js';

export const webhookProblem = defineProblems({
  endpoint_url_taken: {
    status: 409,
    title: 'Endpoint URL taken',
    meaning: 'Another endpoint has this URL: `existing_id`. Change that one, or delete it first.',
  },
  too_many_endpoints: {
    status: 409,
    title: 'Too many endpoints',
    meaning: 'The merchant has registered as many endpoints as one may: every event goes to each of them. Delete one first.',
  },
  endpoint_named_by_bulk: {
    status: 409,
    title: 'Endpoint named by a bulk',
    meaning:
      'Bulks name this URL as their webhook_url. Change the bulks, or disable the endpoint; register another URL by itself.',
  },
  endpoint_not_registered: {
    status: 409,
    title: 'Endpoint not registered',
    meaning: 'This endpoint was only named by a bulk: it has neither content nor a secret of its own. Register its URL first.',
  },
  endpoint_disabled: {
    status: 409,
    title: 'Endpoint disabled',
    meaning: 'Nothing is sent to a disabled or deleted endpoint. Enable it first.',
  },
  cursor_expired: {
    status: 410,
    title: 'Cursor expired',
    meaning:
      'Events behind this cursor have been removed, being older than the operator keeps them (EVENTS_RETENTION_DAYS). Read the payouts anew, and go on with `after=beginning`, behind what was removed.',
  },
  too_many_streams: {
    status: 429,
    title: 'Too many streams',
    meaning: 'The key, or the process that answers, has as many event streams open as it may. Close one, or read pages.',
  },
  too_many_resends: {
    status: 409,
    title: 'Too many resends',
    meaning: 'Several resends are running. Wait for one to finish, or cancel it.',
  },
  too_many_secrets: {
    status: 409,
    title: 'Too many secrets',
    meaning: 'Several replaced secrets are still in their grace. Wait for one to end, or rotate with a shorter grace_s.',
  },
});

/** @throws `invalid_field` */
export function refuseUnknownType(type: string | null): void {
  if (type === null || isKnownEventType(type)) return;
  throw kernelProblem('invalid_field', 'This event type does not exist; see errors.', { errors: [unknownType('/event_type')] });
}

const unknownType = (pointer: string): ProblemFinding => ({
  pointer,
  code: 'invalid_field',
  detail: 'There is no such event type; see docs/events.md.',
});

export const cursorExpired = (): Problem =>
  webhookProblem(
    'cursor_expired',
    'Events behind this cursor have been removed. Read the payouts anew, and go on with after=beginning.',
  );

/** The refusal of a body's URL, in the shape of any other wrong field. */
export const refuseUrl = (refusal: UrlRefusal, pointer: string): Problem =>
  kernelProblem('invalid_field', 'The URL can not be taken; see errors.', { errors: [{ pointer, ...refusal }] });

/** @throws `invalid_field` where a type is in no catalogue: a misspelt one would never be delivered. */
export function refuseUnknownTypes(types: readonly string[] | null): void {
  const errors = (types ?? []).flatMap((type, index): ProblemFinding[] =>
    isKnownEventType(type) ? [] : [unknownType(`/event_types/${index}`)],
  );
  if (errors.length > 0) throw kernelProblem('invalid_field', 'Some event types do not exist; see errors.', { errors });
}

/** @throws `invalid_field` where headers can not be sent, or not safely. */
export function refuseHeaders(headers: CustomHeaders): void {
  const errors = findingsOfHeaders(headers);
  if (errors.length > 0) throw kernelProblem('invalid_field', 'Some headers can not be taken; see errors.', { errors });
}
