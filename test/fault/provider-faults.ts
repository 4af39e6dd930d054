import { fromTypeId } from '../../src/platform/ids/index.js';
import type { Answer, Fate } from '../support/provider-server.js';
import type { FaultKind, Judged } from './fault-kind.js';
import { pause } from './patience.js';
import type { Scene } from './scene.js';

const HOUR_S = 3_600;
/** Below the stale window that the connector declares. */
const HIDES_MS = 1_000;
/** Short, so that a key is forgotten while a run can wait for it. */
const REMEMBERS_S = 8;
const TIMEOUT_FULL_MS = 10_000;

const answers = (answer: Answer, takes = true): Fate => ({ takes, status: 'succeeded', answer });
/** As if it had been taken and as if not, by halves: who sends can not tell. */
const eitherWay =
  (share: number, answer: Answer) =>
  (roll: number): Fate | null =>
    roll < share ? answers(answer, roll < share / 2) : null;

/** Faults of the provider strike as long as the payouts come due, and a little into their second sends. */
const whileDue = (seconds: (scene: Scene) => number) => ({
  lasts_s: seconds,
  strike: (scene: Scene) => pause((seconds(scene) + 1) * 1000),
});

export const errorAfterEffect: FaultKind = {
  name: 'send answered 500 after its effect',
  proves: 'ends every payout PROCESSED, paid once and never failed, where the provider answers 500 to 30 % after their effect',
  ...whileDue(() => 3),
  fate: (roll) => (roll < 0.3 ? answers({ status: 500 }) : null),
  shows: (run) => [...everyoneIsPaid(run), ...unknownMeanwhile(run, 0.3)],
};

export const hang: FaultKind = {
  name: 'send that hangs beyond its timeout',
  proves: 'calls unknown what a provider that hangs does not answer, asks for it, and sends it under one key',
  ...whileDue((scene) => scene.lasting(3, 60)),
  fate: eitherWay(0.4, 'never'),
  shows: (run) => [...everyoneIsPaid(run), ...unknownMeanwhile(run, 0.4), ...isAskedUnderOneKey(run, 0.4)],
};

export const lateBooks: FaultKind = {
  name: 'send answered 500 while the books lag behind',
  proves: 'does not send again what a provider does not find yet',
  ...whileDue(() => 3),
  provider: { hides_ms: HIDES_MS },
  fate: eitherWay(0.5, { status: 500 }),
  shows: everyoneIsPaid,
};

/** It takes some, answers for none of them, can not be asked, and has forgotten every key when it can be again. */
export const forgets: FaultKind = {
  name: 'send whose key is forgotten',
  proves: 'sends no key again that the provider may have forgotten',
  provider: { remembers_ms: REMEMBERS_S * 1000 },
  connector: { key_retention_hours: REMEMBERS_S / HOUR_S },
  fate: eitherWay(0.4, 'reset'),
  strike: async ({ parts: { provider } }) => {
    provider.setLookup({ status: 503 });
    await pause((REMEMBERS_S + 2) * 1000);
    provider.setLookup(null);
  },
};

export const garbage: FaultKind = {
  name: 'send answered with garbage',
  proves: 'believes no answer that can not be read',
  ...whileDue(() => 3),
  fate: eitherWay(0.5, { status: 200, body: '<html>Welcome</html>' }),
  shows: everyoneIsPaid,
};

export const redirects: FaultKind = {
  name: 'send answered with a redirect',
  proves: 'follows no redirect',
  ...whileDue(() => 3),
  fate: eitherWay(0.5, { status: 307, headers: { location: '/payout-intents' } }),
  shows: everyoneIsPaid,
};

/** A provider whose timeout is the usual one. */
export const hangFullLength: FaultKind = { ...hang, connector: { timeout_ms: TIMEOUT_FULL_MS } };

function everyoneIsPaid({ evidence }: Judged): string[] {
  return evidence.payouts
    .filter(({ status, intent_status }) => status !== 'CANCELLED' && !(status === 'PROCESSED' && intent_status === 'succeeded'))
    .map(({ reference, status, intent_status }) => `${reference} is ${status} with intent ${String(intent_status)} and not paid`);
}

/** Those whose first send ended without an answer were told so. */
function unknownMeanwhile({ scene, evidence }: Judged, share: number): string[] {
  const told = new Set(evidence.events.filter(({ type }) => type === 'payout.intent_unknown').map(({ payout_id }) => payout_id));
  const met = metBy(scene, share);
  const missing = met.filter(({ id }) => !told.has(fromTypeId('payout', id ?? '')));
  if (met.length === 0) return ['no payout met the fault'];
  return missing.map(({ reference }) => `${reference} got no answer and was never told as unknown`);
}

function isAskedUnderOneKey({ scene }: Judged, share: number): string[] {
  const { requests } = scene.parts.provider;
  const asked = new Set(
    requests.flatMap(({ method, path }) => (method === 'GET' ? (path.split('idempotency_key=')[1] ?? []) : [])),
  );
  return metBy(scene, share).flatMap(({ reference }) => {
    const sent = requests.filter(({ method, body }) => method === 'POST' && body.includes(`"${reference}"`));
    const keys = new Set(sent.map(({ headers }) => headers['idempotency-key']));
    if (keys.size !== 1) return [`${reference} was sent under ${keys.size} keys`];
    return asked.has(String([...keys][0])) ? [] : [`${reference} was never asked for`];
  });
}

/** Payouts whose first send met the fault. */
function metBy(scene: Scene, share: number) {
  return scene.merchant.wishes.filter(({ roll, reference }) => roll < share && scene.struck.has(reference));
}
