import { CALLS_PER_HOST_MAX } from '../egress/egress.js';
import type { Places } from './places.js';

/**
 * A lane may have an eighth as many calls out as places are free, and a merchant three times as many. As places run out
 * everybody's limit falls, so some are always left for whoever comes: one lane takes an eighth of an idle process, one
 * merchant three quarters, two merchants three sevenths each, and a hundred dead lanes never the last place.
 */
const LANE_SHARE = 1 / 8;
const MERCHANT_SHARE = 3;
/**
 * A merchant has a turn while a quarter more than he has out would still be within his share: a thousand dead lanes are looked at for a
 * dozen places at a time, not anew for each call that reaches its deadline. What a claim gives him in that turn is his whole share.
 */
const TURN_MARGIN = 5 / 4;

/**
 * So many places a lane is given in a row where others of its merchant wait too: each lane that a claim serves is two writes of its row,
 * one here and one when it is settled.
 */
const PLACES_IN_A_ROW = 4;

/** A lane whose turn it is, as its row says under its lock. */
export interface LaneInTurn {
  readonly id: string;
  readonly merchant_id: string;
  readonly host: string;
  /** How many of its calls may be out at a time, over all processes. */
  readonly calls_max: number;
  /** How many its rate lets start now; null: any number. */
  readonly starts: number | null;
  /** Its last call failed. */
  readonly failing: boolean;
}

/** How many calls are out to the hosts of these lanes, over all processes. */
export interface CallsOut {
  readonly ofLane: ReadonlyMap<string, number>;
  readonly ofHost: ReadonlyMap<string, number>;
}

export interface LaneShare {
  readonly endpoint_id: string;
  /** It may claim this many. */
  readonly places: number;
  /** It has room for no more than this many, whoever else is there: with all of them it is full until one ends. */
  readonly room: number;
  readonly failing: boolean;
}

const hasRoom = (placesOfMerchant: number, free: number): boolean => placesOfMerchant < MERCHANT_SHARE * free;

/** Merchants that get no place here until some of theirs end: their lanes need no turn, however many of them are ready. */
export const merchantsWithoutTurn = (places: Places): string[] =>
  places.merchantsOut.filter((id) => !hasRoom(TURN_MARGIN * places.ofMerchant(id), places.free));

/**
 * Gives out the free places of a process, one at a time: each to the merchant that has the fewest, and there to its lanes in
 * turn, a few in a row. Pure.
 * @param lanes in the order of their turns.
 * @returns what each may claim; but of lanes for which no place was left, and of which so nothing was learnt, nothing.
 */
export function sharePlaces(lanes: readonly LaneInTurn[], places: Places, out: CallsOut): LaneShare[] {
  const sharing = lanes.map((lane) => new Sharing(lane, places, out));
  // Failing ones last: what has failed may not use every place, and would keep it from whoever stands behind.
  const turns = sharing.toSorted((one, other) => Number(one.lane.failing) - Number(other.lane.failing));
  const merchants = [...new Set(turns.map(({ lane }) => lane.merchant_id))].map((id) => ({
    queue: turns.filter(({ lane }) => lane.merchant_id === id),
    places: places.ofMerchant(id),
  }));
  const ofHost = new Map(out.ofHost);
  let free = places.free;
  while (free > 0) {
    const open = merchants.filter((one) => one.queue.length > 0 && hasRoom(one.places, free));
    const [first, ...others] = open;
    if (first === undefined) break;
    const next = others.reduce((least, one) => (one.places < least.places ? one : least), first);
    const lane = next.queue[0];
    if (lane === undefined) continue;
    const callsToHost = ofHost.get(lane.lane.host) ?? 0;
    lane.wasAsked = true;
    if (callsToHost >= CALLS_PER_HOST_MAX || !lane.mayTakeOne(free)) {
      next.queue.shift();
      continue;
    }
    lane.given += 1;
    ofHost.set(lane.lane.host, callsToHost + 1);
    next.places += 1;
    if (lane.given % PLACES_IN_A_ROW === 0) next.queue.push(...next.queue.splice(0, 1));
    free -= 1;
  }
  return sharing.filter(({ wasAsked }) => wasAsked).map((one) => one.share());
}

class Sharing {
  wasAsked = false;
  given = 0;
  private readonly room: number;
  private readonly here: number;

  constructor(
    readonly lane: LaneInTurn,
    places: Places,
    out: CallsOut,
  ) {
    this.room = Math.max(0, lane.calls_max - (out.ofLane.get(lane.id) ?? 0));
    this.here = places.ofLane(lane.id);
  }

  mayTakeOne(free: number): boolean {
    const share = Math.max(1, Math.floor(free * LANE_SHARE));
    return (
      this.given < this.room && this.here + this.given < share && (this.lane.starts === null || this.given < this.lane.starts)
    );
  }

  share(): LaneShare {
    return { endpoint_id: this.lane.id, places: this.given, room: this.room, failing: this.lane.failing };
  }
}
