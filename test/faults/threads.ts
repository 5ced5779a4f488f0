/**
 * Loaded into a real proxy by `NODE_OPTIONS=--import`: SIGUSR2 ends the thread that writes the log, SIGWINCH those that
 * evaluate the policy, as a lack of memory would.
 */
import { isMainThread, type Worker } from 'node:worker_threads';

const threads = new Set<{ readonly worker: Worker; readonly writes: boolean }>();

const end = (writes: boolean): void => {
  for (const thread of threads) if (thread.writes === writes) void thread.worker.terminate();
};

if (isMainThread) {
  process.on('worker', (worker: Worker) => {
    worker.once('message', (first: object) => {
      const thread = { worker, writes: 'origin' in first };
      threads.add(thread);
      worker.once('exit', () => threads.delete(thread));
    });
  });
  process.on('SIGUSR2', () => end(true));
  process.on('SIGWINCH', () => end(false));
}
