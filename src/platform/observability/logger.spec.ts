import { describe, expect, it } from '@jest/globals';
import { JsonLogger } from './logger.js';

function logged(write: (logger: JsonLogger) => void, level = 'info'): { lines: Record<string, unknown>[]; text: string } {
  let text = '';
  write(new JsonLogger(level, { write: (line: string) => (text += line) }));
  return {
    text,
    lines: text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('the log', () => {
  it('is one JSON line each, with level, time, context and the allowed fields', () => {
    const { lines } = logged((log) => {
      log.log(
        { message: 'request', method: 'GET', route: '/v1/things/:id', status: 200, duration_ms: 1.5, request_id: 'req_1' },
        'Access',
      );
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 'info',
      message: 'request',
      context: 'Access',
      status: 200,
      duration_ms: 1.5,
      request_id: 'req_1',
    });
    expect(new Date(String(lines[0]?.['time'])).toISOString()).toBe(lines[0]?.['time']);
  });

  it('lets no other field through, however it is nested', () => {
    const { text } = logged((log) => {
      log.warn({
        message: 'x',
        body: 'tajna',
        headers: { authorization: 'tajna' },
        account_holder: 'tajna',
        bulk_id: { iban: 'tajna' },
      });
      log.warn('x', { body: 'tajna' }, 'Context');
      log.warn({ message: 'x', long_id: 'tajna'.repeat(100) });
    });
    expect(text).not.toContain('tajna');
  });

  it('tells the kind, code and place of an error, and none of the values that a database error repeats', () => {
    const error = Object.assign(new Error('invalid input syntax for type uuid: "tajna"'), {
      severity: 'ERROR',
      code: '22P02',
      detail: 'Key (iban)=(tajna) already exists.',
      constraint: 'payout_reference_unique',
    });
    const { lines, text } = logged((log) => {
      log.error({ message: 'request failed', request_id: 'req_1', error: new Error('outer', { cause: error }) }, 'Http');
    });
    expect(text).not.toContain('tajna');
    expect(lines[0]).toMatchObject({
      request_id: 'req_1',
      error: { type: 'Error', message: 'outer', cause: { code: '22P02', constraint: 'payout_reference_unique' } },
    });
    expect((lines[0]?.['error'] as { stack: string[] }).stack[0]).toMatch(/^at /);
  });

  it('takes what Nest passes: a sentence, a stack, a context', () => {
    const { lines } = logged((log) => {
      log.error('it broke', 'Error: x\n    at y', 'Injector');
      log.debug('not at this level');
    });
    expect(lines).toEqual([expect.objectContaining({ level: 'error', message: 'it broke', context: 'Injector' })]);
  });

  it('keeps the modules and routes that Nest tells at every start for the level debug', () => {
    const start = (log: JsonLogger): void => log.log('Mapped {/v1/things, GET} route', 'RouterExplorer');
    expect(logged(start).lines).toEqual([]);
    expect(logged(start, 'debug').lines).toHaveLength(1);
  });
});
