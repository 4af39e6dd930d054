import { Socket } from 'node:net';

/**
 * Sends in one packet what is written in one turn of the event loop: statements that do not wait for each other's answers. A
 * system call for each cost Node more than anything else that it does for a payout.
 */
export class PacketSocket extends Socket {
  private gathering = false;

  override cork(): void {
    super.cork();
    if (this.gathering) return;
    this.gathering = true;
    super.cork();
    process.nextTick(() => {
      this.gathering = false;
      this.uncork();
    });
  }
}
