import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Tasks } from './prover.js';

/** Threads that share the work of the proof, one for each core: a simulated server costs processor time, not waiting. */
export class Provers {
  private readonly threads: Worker[];
  private readonly idle: Worker[];
  private readonly queue: ((thread: Worker) => void)[] = [];

  constructor(count = availableParallelism()) {
    this.threads = Array.from({ length: count }, () => new Worker(new URL('prover.ts', import.meta.url)));
    this.idle = [...this.threads];
  }

  /** Answered by the next thread that is free. */
  async ask<Kind extends keyof Tasks>(kind: Kind, asked: Tasks[Kind]['asked']): Promise<Tasks[Kind]['answered']> {
    const thread = this.idle.shift() ?? (await new Promise<Worker>((resolve) => this.queue.push(resolve)));
    const message: Promise<[answer: Tasks[Kind]['answered']]> = once(thread, 'message') as Promise<never>;
    thread.postMessage({ kind, ...asked });
    const [answer] = await message;
    const next = this.queue.shift();
    if (next === undefined) this.idle.push(thread);
    else next(thread);
    return answer;
  }

  async close(): Promise<void> {
    await Promise.all(
      this.threads.map(async (thread) => {
        const ended = once(thread, 'exit');
        thread.postMessage(null);
        await ended;
      }),
    );
  }
}
