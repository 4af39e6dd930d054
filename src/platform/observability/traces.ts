import { Inject, Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { CONFIGURATION, type Configuration } from '../config/index.js';
import type { OtlpExporter } from './otlp-exporter.js';
import type { Span } from './span.js';

/** Tells spans to an OpenTelemetry collector, where there is one; else nothing is loaded and nothing is done. */
@Injectable()
export class Traces implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(Traces.name);
  private exporter: OtlpExporter | null = null;

  constructor(@Inject(CONFIGURATION) private readonly configuration: Pick<Configuration, 'traces'>) {}

  async onModuleInit(): Promise<void> {
    const { traces } = this.configuration;
    if (traces === null) return;
    const { OtlpExporter } = await import('./otlp-exporter.js');
    this.exporter = new OtlpExporter(traces, (problem) => this.logger.warn(problem));
  }

  /** What is only read for a span need not be read where this is false. */
  get isOn(): boolean {
    return this.exporter !== null;
  }

  record(span: Span): void {
    this.exporter?.push(span);
  }

  /** After the workers have settled what they had out. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.exporter?.close();
  }
}
