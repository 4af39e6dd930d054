// Preloaded into a worker of the bench, where BENCH_NAME_SERVER says who is asked instead of the machine's own name servers.
import dns from 'node:dns';

dns.promises.Resolver = class extends dns.promises.Resolver {
  constructor(options) {
    super(options);
    this.setServers([process.env.BENCH_NAME_SERVER]);
  }
};
