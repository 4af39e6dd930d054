import Sequencer from '@jest/test-sequencer';

/** What takes minutes. Without memory of an earlier run jest goes by the size of files, and the longest of these is a small one. */
const LONGEST = [/\/test\/simulation\//, /\/test\/fault\//];

/** Begins with what takes longest, so that no worker runs on alone at the end. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => LONGEST.findIndex((long) => long.test(path)) + 1 || LONGEST.length + 1;
    return super.sort(tests).toSorted((one, other) => rank(one) - rank(other));
  }
}
