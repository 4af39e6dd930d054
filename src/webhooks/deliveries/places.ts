/** Calls of one process at a time: 512 gave 4,800 deliveries a second to 32 receivers of 20 ms on two cores, 256 3,600. Each may be a socket. */
const PLACES = 512;
/** A quarter is kept for calls that nothing speaks against: what fails again and again never takes the last place. */
const DOUBTFUL_SHARE = 0.75;

/** What a call is counted by. */
export interface PlacedCall {
  readonly endpoint_id: string;
  readonly merchant_id: string;
  /** A retry, or a call to a lane whose last one failed. */
  readonly doubtful: boolean;
}

/** The places of one process: who has how many of its calls out. A delivery has its place from its claim until its call has ended. */
export class Places {
  private readonly lanes = new Map<string, number>();
  private readonly merchants = new Map<string, number>();
  private doubtful = 0;
  private out = 0;

  /** @param all how many there are. */
  constructor(private readonly all = PLACES) {}

  take(call: PlacedCall): void {
    this.count(call, 1);
  }

  leave(call: PlacedCall): void {
    this.count(call, -1);
  }

  get inFlight(): number {
    return this.out;
  }

  get free(): number {
    return this.all - this.out;
  }

  get freeForDoubtful(): number {
    return Math.min(Math.floor(this.all * DOUBTFUL_SHARE) - this.doubtful, this.free);
  }

  ofLane(endpointId: string): number {
    return this.lanes.get(endpointId) ?? 0;
  }

  /** Whose calls are out. */
  get merchantsOut(): readonly string[] {
    return [...this.merchants.keys()];
  }

  ofMerchant(merchantId: string): number {
    return this.merchants.get(merchantId) ?? 0;
  }

  private count({ endpoint_id, merchant_id, doubtful }: PlacedCall, step: 1 | -1): void {
    add(this.lanes, endpoint_id, step);
    add(this.merchants, merchant_id, step);
    this.out += step;
    if (doubtful) this.doubtful += step;
  }
}

function add(counts: Map<string, number>, key: string, step: number): void {
  const count = (counts.get(key) ?? 0) + step;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
