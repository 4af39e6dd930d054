import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';
import { allowedFields, errorFields, type LogFields } from './log-fields.js';

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Nest tells each module and each route at every start: for who debugs the wiring, and 80 lines above the banner for others. */
const START_NARRATORS = new Set<unknown>([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/**
 * The log: one JSON line each on stdout. Nest and our own code call it through Nest's `Logger`, with a sentence or with
 * `{ message, error?, …fields }`; of the fields only those of the allow-list arrive.
 */
export class JsonLogger implements LoggerService {
  private readonly pino: Logger;

  constructor(level: string, destination?: DestinationStream) {
    const options = {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label: string) => ({ level: label }) },
      messageKey: 'message',
    };
    this.pino = destination === undefined ? pino(options) : pino(options, destination);
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.write(START_NARRATORS.has(rest.at(-1)) ? 'debug' : 'info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** Nest puts the name of the logger last; what is between is a stack or more values, which may hold anything. */
  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const context = rest.at(-1);
    const { text, fields } = partsOf(message, rest[0]);
    this.pino[level]({ ...(typeof context === 'string' && !context.includes('\n') ? { context } : {}), ...fields }, text);
  }
}

function partsOf(message: unknown, second: unknown): { text: string; fields: LogFields } {
  if (typeof message === 'string')
    return { text: message, fields: second instanceof Error ? { error: errorFields(second) } : {} };
  if (message instanceof Error) return { text: 'error', fields: { error: errorFields(message) } };
  if (typeof message !== 'object' || message === null) return { text: String(message), fields: {} };
  const { message: text, error, ...fields } = message as LogFields;
  return {
    text: typeof text === 'string' ? text : 'event',
    fields: { ...allowedFields(fields), ...(error === undefined ? {} : { error: errorFields(error) }) },
  };
}
