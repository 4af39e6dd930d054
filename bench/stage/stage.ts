import type { MainProgram } from '../../test/support/main-program.js';
import { BenchMerchant, type Body, send } from './merchant.js';
import { BenchProvider } from './provider.js';
import { BenchReceiver } from './receiver.js';
import { BenchServers } from './servers.js';

/** Everything that one row of the bench needs, made when it is first asked for and ended with the stage. */
export class Stage {
  private readonly ends: (() => unknown)[] = [];
  private apiProgram: Promise<MainProgram> | null = null;
  private workerProgram: Promise<MainProgram> | null = null;
  private merchants = 0;
  private closed: Promise<void> | null = null;

  private constructor(readonly servers: BenchServers) {}

  static async open(profile: string | null = null): Promise<Stage> {
    return new Stage(await BenchServers.open(profile));
  }

  api(environment: Readonly<Record<string, string>> = {}): Promise<MainProgram> {
    return (this.apiProgram ??= this.servers.start('api', environment));
  }

  /** The first one migrates, so it is the api. */
  async worker(environment: Readonly<Record<string, string>> = {}): Promise<MainProgram> {
    await this.api();
    return (this.workerProgram ??= this.servers.start('worker', environment));
  }

  async provider(latency_ms: number): Promise<BenchProvider> {
    const provider = await BenchProvider.start(latency_ms);
    this.onClose(() => provider.end());
    return provider;
  }

  async receiver(latency_ms: number): Promise<BenchReceiver> {
    const receiver = await BenchReceiver.start(latency_ms);
    this.onClose(() => receiver.end());
    return receiver;
  }

  async operator(path: string, body: Body = {}): Promise<Record<string, string>> {
    return send(`${await (await this.api()).ready}/v1/operator${path}`, { key: this.servers.operatorKey, body });
  }

  /** Stops a merchant or a connector, by its path, or lets it go on. */
  brake(path: string, step: 'pause' | 'resume'): Promise<unknown> {
    return this.operator(`${path}/${step}`, { reason: 'waits for its turn' });
  }

  async connector(provider: BenchProvider, inFlight: number): Promise<string> {
    const { id } = await this.operator('/connectors', {
      name: 'Provider',
      type: 'http',
      config: provider.config,
      max_concurrency: inFlight,
    });
    return id ?? '';
  }

  async merchant(more: Body = {}): Promise<BenchMerchant> {
    const api = await (await this.api()).ready;
    this.merchants += 1;
    const { id, api_key } = await this.operator('/merchants', { name: `Merchant ${this.merchants}`, ...more });
    return new BenchMerchant({ api, id: id ?? '', key: api_key ?? '' }, this.servers);
  }

  onClose(end: () => unknown): void {
    this.ends.push(end);
  }

  /** Once, however often it is asked for: by a signal, and by the failure that the signal brings about. */
  close(): Promise<void> {
    return (this.closed ??= this.closeAll());
  }

  private async closeAll(): Promise<void> {
    try {
      for (const end of this.ends) await end();
    } finally {
      await this.servers.close();
    }
  }
}
