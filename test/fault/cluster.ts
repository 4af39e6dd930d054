import { randomBytes } from 'node:crypto';
import type { Role } from '../../src/platform/config/index.js';
import { type MainProgram, mainProgram } from '../support/main-program.js';

export const OPERATOR_KEY = 'operator_of_the_processes';

/** One place of the cluster: a real process that can be killed and is started again under the same settings. */
export class ClusterMember {
  private constructor(
    private readonly environment: Readonly<Record<string, string>>,
    private program: MainProgram,
  ) {}

  static start(environment: Readonly<Record<string, string>>): ClusterMember {
    return new ClusterMember(environment, mainProgram(environment));
  }

  /** Where it listens; another port after each start. */
  get url(): Promise<string> {
    return this.program.ready;
  }

  /** kill -9, and the same place is taken at once by a process that knows nothing of the old one. */
  async killAndRestart(): Promise<void> {
    await this.end();
    this.program = mainProgram(this.environment);
  }

  async end(): Promise<void> {
    this.program.signal('SIGKILL');
    await this.program.ended;
  }
}

/** As small as the configuration allows: a claim must outlive the call of a webhook by more than 30 s. */
const WEBHOOK_TIMEOUT_S = 1;
export const LEASE_S = WEBHOOK_TIMEOUT_S + 31;

/** Processes of these roles on one database, as an operator starts them. */
export function startCluster(databaseUrl: string, roles: readonly Role[]): ClusterMember[] {
  const shared = {
    DATABASE_URL: databaseUrl,
    SANDBOX: 'true',
    OPERATOR_KEY,
    ENCRYPTION_KEYS: `test:${randomBytes(32).toString('base64')}`,
    WEBHOOK_TIMEOUT_S: String(WEBHOOK_TIMEOUT_S),
    WEBHOOK_RETRY_SCHEDULE: Array<string>(9).fill('0.5').join(','),
    LEASE_S: String(LEASE_S),
    RATE_LIMIT_PER_SECOND: '0',
    DATABASE_POOL_SIZE: '6',
    LOG_LEVEL: 'fatal',
  };
  return roles.map((role) => ClusterMember.start({ ...shared, ROLES: role }));
}
