import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type MainProgram, mainProgram } from '../support/main-program.js';

export const OPERATOR_KEY = 'operator_of_the_processes';

type Environment = Readonly<Record<string, string>>;

/** One place of the cluster: a real process that can be killed or frozen, and is started again under the same settings. */
export class ClusterMember {
  private program: MainProgram;
  private ending = false;
  private readonly deaths: string[] = [];

  /** @param main another program than the product's own. */
  constructor(
    private environment: Environment,
    private readonly main?: string,
  ) {
    this.program = this.start();
  }

  /** Where it listens; another port after each start. */
  get url(): Promise<string> {
    return this.program.ready;
  }

  /** How often it has ended although nobody ended it, with its last words. */
  get falls(): readonly string[] {
    return this.deaths;
  }

  /** kill -9, and the same place is taken at once by a process that knows nothing of the old one. */
  async killAndRestart(changes: Environment = {}): Promise<void> {
    await this.end();
    this.environment = { ...this.environment, ...changes };
    this.program = this.start();
  }

  /** Stops in the middle of whatever it does, as a machine under a snapshot or a starved container. */
  freeze(): void {
    this.program.signal('SIGSTOP');
  }

  thaw(): void {
    this.program.signal('SIGCONT');
  }

  /** As an operator stops it: what is under way is finished. @returns its exit code. */
  async stop(): Promise<number | null> {
    this.ending = true;
    this.program.signal('SIGTERM');
    return this.program.ended;
  }

  /** What it has to say that somebody should know. */
  get complaints(): string {
    return this.program.complaints() + this.program.output();
  }

  async end(): Promise<void> {
    this.ending = true;
    this.program.signal('SIGKILL');
    await this.program.ended;
  }

  private start(): MainProgram {
    this.ending = false;
    const program = mainProgram(this.environment, this.main === undefined ? {} : { program: this.main });
    void program.ended.then((code) => {
      if (!this.ending) this.deaths.push(`it ended with ${String(code)}: ${program.complaints()}`);
    });
    return program;
  }
}

/** As small as the configuration allows: a claim must outlive the call of a webhook by more than 30 s. */
const WEBHOOK_TIMEOUT_S = 1;
export const LEASE_S = WEBHOOK_TIMEOUT_S + 31;

/** A process for each of these environments, on one database, as an operator starts them. */
export function startCluster(databaseUrl: string, environments: readonly Environment[]): ClusterMember[] {
  const shared = sharedEnvironment(databaseUrl);
  return environments.map((environment) => new ClusterMember({ ...shared, ...environment }));
}

/** What all processes of one cluster have in common, its encryption key among it. */
export const sharedEnvironment = (databaseUrl: string): Environment => ({
  DATABASE_URL: databaseUrl,
  SANDBOX: 'true',
  OPERATOR_KEY,
  ENCRYPTION_KEYS: `test:${randomBytes(32).toString('base64')}`,
  WEBHOOK_TIMEOUT_S: String(WEBHOOK_TIMEOUT_S),
  WEBHOOK_RETRY_SCHEDULE: Array<string>(9).fill('0.5').join(','),
  LEASE_S: String(LEASE_S),
  RATE_LIMIT_PER_SECOND: '0',
  ADDRESS_RATE_LIMIT_PER_SECOND: '0',
  GUESS_RATE_LIMIT_PER_SECOND: '0',
  DATABASE_POOL_SIZE: '6',
  LOG_LEVEL: 'fatal',
});

/** The environment of a process whose wall clock is wrong by so much. */
export const wrongClock = (shift_ms: number): Environment => ({
  CLOCK_SHIFT_MS: String(shift_ms),
  NODE_OPTIONS: `--import=${fileURLToPath(new URL('../support/shifted-clock.mjs', import.meta.url))}`,
});
