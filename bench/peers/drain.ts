import type { HttpConnector } from '../../src/connectors/http/http.connector.js';
import type { BenchServers } from '../stage/servers.js';
import { PayoutWork } from './payout-work.js';
import type { PayoutJob, Peer, Scheduler } from './scheduler.js';

/** A peer that is filled and has not started. */
export interface FilledPeer {
  /** Starts it; resolves when the last handler has ended. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

export interface PeerSetting {
  readonly servers: BenchServers;
  readonly connector: HttpConnector;
  readonly inFlight: number;
}

export async function fill(
  peer: Peer,
  jobs: readonly PayoutJob[],
  { servers, connector, inFlight }: PeerSetting,
): Promise<FilledPeer> {
  const work = new PayoutWork(servers, connector);
  const scheduler: Scheduler = await peer.open(servers.databaseUrl, inFlight);
  await scheduler.enqueue(jobs);
  return {
    drain: () =>
      new Promise((resolve, reject) => {
        let left = jobs.length;
        const workOff = async (job: Omit<PayoutJob, 'at'>): Promise<void> => {
          await work.workOff(job);
          left -= 1;
          if (left === 0) resolve();
        };
        scheduler.start(workOff).catch(reject);
      }),
    stop: async () => {
      await scheduler.stop();
      await work.close();
    },
  };
}
