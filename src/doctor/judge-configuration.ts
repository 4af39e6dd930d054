import type { WrittenConfiguration } from '../platform/config/index.js';
import { fault, type Finding, warning, where } from './finding.js';

/** 128 random bits as text: shorter ones can be guessed, or were chosen by a person. */
const OPERATOR_KEY_LENGTH_MIN = 22;
const FREE_RATIO_MIN = 0.1;
/** A worker has 512 webhooks out at the most, and beside them calls to providers; a process that serves, as many connections as come. */
const OPEN_FILES_MIN = 2_048;

export interface Disk {
  readonly path: string;
  /** Null: it can not be looked at, or not be written. */
  readonly freeRatio: number | null;
}

/** What a process finds where it runs. */
export interface Machine {
  readonly disks: readonly Disk[];
  /** Files and sockets that it may have open at a time; null: as many as it likes, or it is not told. */
  readonly openFilesMax: number | null;
}

/** What can be read and still is no good idea. What can not be read refuses the start by itself. */
export function judgeConfiguration(configuration: WrittenConfiguration, { disks, openFilesMax }: Machine): readonly Finding[] {
  const { operatorKey, sandbox, databaseIsEmbedded, databaseApiUrl, host, roles, webhookAllowCidrs, quarantine } = configuration;
  return [
    ...where(
      operatorKey !== null &&
        (operatorKey.length < OPERATOR_KEY_LENGTH_MIN || new Set(operatorKey).size < OPERATOR_KEY_LENGTH_MIN / 2),
      fault(
        'OPERATOR_KEY is short enough to be guessed: it opens everything.',
        'Make one: openssl rand -hex 32. Start all processes with it.',
      ),
    ),
    ...where(
      sandbox && !databaseIsEmbedded,
      warning(
        'SANDBOX is on, on a database of your own: merchants without a connector are told of payments that nobody made.',
        'Unset SANDBOX where real money is paid.',
      ),
    ),
    ...where(
      roles.has('api') && !isLoopback(host),
      warning(
        `HOST is ${host}: others can reach the API, and it speaks no TLS.`,
        'Put a proxy that ends TLS before it, and let no one reach the port, /v1/operator and /metrics around it (docs/operations.md, Topology).',
      ),
    ),
    ...where(
      roles.has('api') && !databaseIsEmbedded && databaseApiUrl === null,
      warning(
        'DATABASE_API_URL is not set: merchants are served by the login of DATABASE_URL, and a smuggled statement could leave the role that sees one merchant.',
        'Give them a login that is tranche_api alone (docs/operations.md, Roles of the database).',
      ),
    ),
    ...where(
      !sandbox && webhookAllowCidrs.length > 0,
      warning(
        `WEBHOOK_ALLOW_CIDRS lets every merchant's webhook_url reach ${webhookAllowCidrs.join(', ')}, by http and on any port.`,
        'Keep it to the networks in which receivers are.',
      ),
    ),
    ...where(
      quarantine,
      warning(
        'QUARANTINE=true: each start begins a quarantine, in which nothing is sent.',
        'Unset it once the quarantine has ended.',
      ),
    ),
    ...where(
      openFilesMax !== null && openFilesMax < OPEN_FILES_MIN,
      warning(
        `A process may have ${openFilesMax} files open: each call takes one, and those beyond fail as if their receivers did.`,
        `Let it have ${OPEN_FILES_MIN} at least: ulimit -Hn, LimitNOFILE of systemd, ulimits.nofile of a container.`,
      ),
    ),
    ...disks.flatMap(judgeDisk),
  ];
}

function judgeDisk({ path, freeRatio }: Disk): readonly Finding[] {
  if (freeRatio === null)
    return [fault(`${path} can not be written.`, 'Make the folder, and let the account of the process write there.')];
  const percent = Math.round(freeRatio * 100);
  return where(
    freeRatio < FREE_RATIO_MIN,
    fault(`The disk of ${path} has ${percent} % left.`, 'Make room, or move it to a larger one.'),
  );
}

const isLoopback = (host: string): boolean => /^(localhost|::1|127(\.\d{1,3}){3})$/.test(host);
