import type { ConnectorDto } from '../../src/merchants/dto/connector.dto.js';
import type { CreatedMerchantDto } from '../../src/merchants/dto/merchant.dto.js';
import { Random } from '../simulation/random.js';
import { type CuttingProxy, cuttingProxy } from '../support/cutting-proxy.js';
import type { OwnPostgres } from '../support/own-postgres.js';
import { type Fate, type Provider, type ProviderOptions, startProvider, type WireRequest } from '../support/provider-server.js';
import { type Receiver, startReceiver } from '../support/receiver-server.js';
import { type ClusterMember, OPERATOR_KEY, startCluster } from './cluster.js';
import { insist, RunMerchant } from './merchant.js';

export interface ConnectorSettings {
  readonly timeout_ms: number;
  readonly stale_window_ms: number;
  readonly key_retention_hours: number;
}

/** What a fault asks of the world that it is to strike. */
export interface SceneKind {
  /** As it is counted, where the provider does it. */
  readonly name: string;
  readonly environments?: readonly Readonly<Record<string, string>>[];
  readonly provider?: ProviderOptions;
  readonly connector?: Partial<ConnectorSettings>;
  /** What the provider does with a send while it strikes, by the payout's roll; null: what it does otherwise. */
  readonly fate?: (roll: number, sends: number) => Fate | null;
}

export interface ScenePlan {
  readonly seed: number;
  readonly kinds: readonly SceneKind[];
  /** Faults last as long as the proof wants, instead of as long as a test can wait. */
  readonly fullLength: boolean;
}

const PAYS: Fate = { takes: true, status: 'succeeded' };
const CONNECTOR: ConnectorSettings = { timeout_ms: 1_000, stale_window_ms: 2_000, key_retention_hours: 24 };
const LATENCY_MS = 20;
/** Few enough that the calls of a run take a while, and that a fault meets some of them under way. */
const MAX_CONCURRENCY = 4;

interface Parts {
  readonly postgres: OwnPostgres;
  readonly database: string;
  readonly proxy: CuttingProxy;
  readonly receiver: Receiver;
  readonly provider: Provider;
  readonly members: readonly ClusterMember[];
}

/** The world of one run: a cluster on a database of its own, a provider with a ledger, a merchant, and a receiver. */
export class Scene {
  readonly random: Random;
  /** Faults that happened, by name. */
  readonly counts = new Map<string, number>();
  /** Keys that the provider has refused for good. */
  readonly refused = new Set<string>();
  /** References whose first send met a fault of the provider. */
  readonly struck = new Set<string>();
  /** What a fault itself has seen to be wrong. */
  readonly seenWrong: string[] = [];
  /** Requests to the provider before this one belong to a history that a restore has undone. */
  requestsFrom = 0;
  /** The faults of the provider happen now. */
  striking = false;
  private entered: { readonly merchant: RunMerchant; readonly merchantId: string; readonly connectorId: string } | null = null;

  private constructor(
    readonly plan: ScenePlan,
    readonly parts: Parts,
  ) {
    this.random = new Random(plan.seed);
  }

  static async open(plan: ScenePlan, postgres: OwnPostgres): Promise<Scene> {
    const database = await postgres.copy();
    const [proxy, receiver, provider] = await Promise.all([
      cuttingProxy(postgres.url(database)),
      startReceiver(),
      startProvider({ latency_ms: LATENCY_MS, ...merged(plan.kinds.map((kind) => kind.provider)) }),
    ]);
    const environments = plan.kinds.find((kind) => kind.environments !== undefined)?.environments ?? [{}, {}];
    const members = startCluster(proxy.url, environments);
    const scene = new Scene(plan, { postgres, database, proxy, receiver, provider, members });
    provider.setFate((request, sends) => scene.fateOf(request, sends));
    try {
      await Promise.all(members.map(({ url }) => url));
      await scene.enter();
      return scene;
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const { members, receiver, provider, proxy, postgres, database } = this.parts;
    await Promise.all(members.map((member) => member.end()));
    await Promise.all([receiver.close(), provider.close(), proxy.close()]);
    await postgres.administer(`DROP DATABASE ${database} WITH (FORCE)`);
  }

  get merchant(): RunMerchant {
    return this.inside.merchant;
  }

  get merchantId(): string {
    return this.inside.merchantId;
  }

  get connectorId(): string {
    return this.inside.connectorId;
  }

  get connector(): ConnectorSettings {
    return { ...CONNECTOR, ...merged(this.plan.kinds.map((kind) => kind.connector)) };
  }

  /** The one that fits: the length for a test, or the full one. */
  lasting(short: number, full: number): number {
    return this.plan.fullLength ? full : short;
  }

  happened(name: string, times = 1): void {
    if (times > 0) this.counts.set(name, (this.counts.get(name) ?? 0) + times);
  }

  asOperator<Body>(key: string, ask: Parameters<typeof insist<Body>>[2]): ReturnType<typeof insist<Body>> {
    return insist(this.asking(OPERATOR_KEY), key, ask);
  }

  /** Rows as they are committed, past the proxy. */
  read<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const { postgres, database } = this.parts;
    return postgres.read<Row>(database, text, values);
  }

  async count(text: string): Promise<number> {
    const [row] = await this.read<{ count: string }>(`SELECT count(*) AS count FROM ${text}`);
    return Number(row?.count);
  }

  private get inside() {
    if (this.entered === null) throw new Error('there is no merchant yet');
    return this.entered;
  }

  private asking(apiKey: string): Parameters<typeof insist>[0] {
    return { members: this.parts.members, apiKey, random: this.random };
  }

  private async enter(): Promise<void> {
    const { provider, receiver } = this.parts;
    const config = { base_url: provider.url, token: provider.token, ...this.connector };
    const connector = await this.asOperator<ConnectorDto>('connector', (client, headers) =>
      client.post(
        '/v1/operator/connectors',
        { name: 'Provider', type: 'http', config, max_concurrency: MAX_CONCURRENCY },
        headers,
      ),
    );
    if (connector.status !== 201) throw new Error(`no connector: ${connector.text}`);
    const created = await this.asOperator<CreatedMerchantDto>('merchant', (client, headers) =>
      client.post('/v1/operator/merchants', { name: 'Merchant', connector_id: connector.body.id }, headers),
    );
    if (created.status !== 201) throw new Error(`no merchant: ${created.text}`);
    receiver.secrets.push(created.body.webhook_signing_secret);
    const merchant = new RunMerchant(this.plan.seed, receiver.url, this.asking(created.body.api_key));
    this.entered = { merchant, merchantId: created.body.id, connectorId: connector.body.id };
  }

  private fateOf(request: WireRequest, sends: number): Fate {
    const roll = this.merchant.wishes.find(({ reference }) => reference === request.reference)?.roll ?? 0;
    for (const { name, fate } of this.striking ? this.plan.kinds : []) {
      const given = fate?.(roll, sends) ?? null;
      if (given === null) continue;
      this.happened(name);
      if (sends === 1) this.struck.add(request.reference);
      return given;
    }
    // Alone, a fault has to show by itself; in a mix the provider has its ordinary ways besides.
    const ordinary = this.plan.kinds.length === 1 ? PAYS : (ORDINARY[Math.floor((1 - roll) * ORDINARY_ONE_IN)] ?? PAYS);
    if (!ordinary.takes) this.refused.add(request.idempotency_key);
    return ordinary;
  }
}

const ORDINARY_ONE_IN = 20;
const ORDINARY: readonly Fate[] = [
  { takes: true, status: 'pending', later: { after_ms: 500, status: 'succeeded' } },
  { takes: true, status: 'pending', later: { after_ms: 500, status: 'failed' } },
  { takes: false, answer: { status: 422, body: { code: 'account_closed', message: 'Closed.' } } },
];

const merged = <Settings extends object>(settings: readonly (Partial<Settings> | undefined)[]): Partial<Settings> =>
  Object.assign({}, ...settings.map((each) => each ?? {})) as Partial<Settings>;
