import { describe, expect, it } from '@jest/globals';
import type { EgressAnswer, EgressFault } from '../egress/egress.js';
import { judgeAnswer } from './judge-answer.js';

const now = new Date('2026-11-21T12:00:00Z');
const context = { attempt: 1, schedule_s: [5, 300], now, random: 0.5 };
const answered = (status: number, retryAfter: string | null = null): EgressAnswer => ({
  kind: 'answered',
  status,
  retryAfter,
  snippet: '',
  address: '192.0.2.1',
});

describe('what an answer means for a delivery', () => {
  it('takes every 2xx as success', () => {
    for (let status = 200; status < 300; status += 1)
      expect(judgeAnswer(answered(status), context)).toEqual({ kind: 'delivered' });
  });

  it('takes every other status as failure, a redirect too', () => {
    for (let status = 300; status < 600; status += 1) {
      if (status === 410) continue;
      const fault = status < 400 ? 'redirect' : 'http_status';
      expect(judgeAnswer(answered(status), context)).toEqual({ kind: 'retry', fault, delay_s: 5 });
    }
  });

  it('takes 410 as the last word, at every attempt', () => {
    expect(judgeAnswer(answered(410, '5'), context)).toEqual({ kind: 'gone', fault: 'gone' });
    expect(judgeAnswer(answered(410), { ...context, attempt: 9 })).toEqual({ kind: 'gone', fault: 'gone' });
  });

  it.each<EgressFault>([
    'not_reachable',
    'connection_refused',
    'connection_timeout',
    'tls_failed',
    'connection_reset',
    'timeout',
    'invalid_answer',
  ])('tries again after %s', (fault) =>
    expect(judgeAnswer({ kind: 'failed', fault, address: null }, context)).toEqual({ kind: 'retry', fault, delay_s: 5 }),
  );

  it('follows the schedule, and gives up at its end', () => {
    expect(judgeAnswer(answered(500), { ...context, attempt: 2 })).toMatchObject({ delay_s: 300 });
    expect(judgeAnswer(answered(500), { ...context, attempt: 3 })).toEqual({ kind: 'exhausted', fault: 'http_status' });
    expect(judgeAnswer(answered(500), { ...context, schedule_s: [] })).toEqual({ kind: 'exhausted', fault: 'http_status' });
  });

  it('spreads a pause by a fifth to either side', () => {
    expect(judgeAnswer(answered(500), { ...context, random: 0 })).toMatchObject({ delay_s: 4 });
    const { delay_s } = judgeAnswer(answered(500), { ...context, random: 0.999999 }) as { delay_s: number };
    expect(delay_s).toBeCloseTo(6, 3);
  });

  it.each([
    ['seconds', '60', 60],
    ['a date', 'Sat, 21 Nov 2026 12:02:00 GMT', 120],
    ['fewer seconds than the schedule', '1', 5],
    ['a date in the past', 'Sat, 21 Nov 2026 11:00:00 GMT', 5],
    ['more than a day', '99999999', 86_400],
    ['a negative number', '-60', 5],
    ['nonsense', 'soon', 5],
  ])('is only ever delayed by a Retry-After of %s', (_, retryAfter, delay_s) => {
    expect(judgeAnswer(answered(429, retryAfter), context)).toMatchObject({ delay_s });
    expect(judgeAnswer(answered(503, retryAfter), context)).toMatchObject({ delay_s });
  });

  it('reads Retry-After of no other status', () => {
    expect(judgeAnswer(answered(500, '600'), context)).toMatchObject({ delay_s: 5 });
    expect(judgeAnswer(answered(301, '600'), context)).toMatchObject({ delay_s: 5 });
  });
});
