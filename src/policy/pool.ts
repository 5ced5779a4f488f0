/**
 * Worker threads for an operator's own policy: an evaluation that goes over the deadline is ended with its thread, and
 * another takes its place. A gateway occupies at most one thread, so that a policy which loops for one agent leaves
 * the others theirs; whoever waits is bounded in number and in time.
 */
import { Worker } from 'node:worker_threads';
import { exitCode, Fault } from '../errors.js';
import { type Evaluator, overdue } from './evaluator.js';
import type { Said, Start, Told } from './worker.js';

/** Bounds of a pool. Times in milliseconds. */
export interface PoolLimits {
  /** For one evaluation. */
  readonly deadline: number;
  /** Threads, one of which is meant to stand by while another is replaced. */
  readonly threads?: number;
  /** Questions of one gateway that may wait. */
  readonly waiting?: number;
  /** For a question that waits for its turn. */
  readonly patience?: number;
  /** For a thread to load the policy. */
  readonly loading?: number;
}

interface Job {
  readonly gateway: string;
  readonly json: string;
  readonly timer: NodeJS.Timeout;
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

interface Thread {
  readonly worker: Worker;
  ready: boolean;
  job: Job | null;
  timer: NodeJS.Timeout;
}

/** Starts threads for a policy. Rejects with a Fault if the first can't load it. */
export async function startPool(wasm: Uint8Array, data: string, limits: PoolLimits): Promise<Evaluator> {
  const pool = new Pool(wasm, data, limits);
  try {
    await pool.started;
  } catch (error) {
    await pool.close();
    throw error;
  }
  return pool;
}

const replaced = 'The policy was replaced meanwhile; send the request again.';

class Pool implements Evaluator {
  readonly started: Promise<void>;
  readonly #wasm: Uint8Array;
  readonly #limits: Required<PoolLimits>;
  readonly #threads = new Set<Thread>();
  /** Waiting questions; a map keeps the order in which gateways came, so that they take turns. */
  readonly #waiting = new Map<string, Job[]>();
  #data: string;
  #closed = false;
  #settle: { resolve(): void; reject(error: Error): void };

  constructor(wasm: Uint8Array, data: string, limits: PoolLimits) {
    this.#wasm = wasm;
    this.#data = data;
    this.#limits = { threads: 3, waiting: 128, patience: 4 * limits.deadline, loading: 10_000, ...limits };
    this.#settle = { resolve() {}, reject() {} };
    this.started = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // One first: a policy that can't be loaded is told once.
    this.#start();
  }

  evaluate(gateway: string, json: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Error(replaced));
      const queue = this.#waiting.get(gateway) ?? [];
      if (queue.length >= this.#limits.waiting)
        return reject(new Error('Too many questions to the policy are waiting.'));
      const timer = setTimeout(() => {
        this.#leave(job);
        reject(new Error(`The policy was busy for more than ${this.#limits.patience} ms.`));
      }, this.#limits.patience);
      const job: Job = { gateway, json, timer, resolve, reject };
      this.#waiting.set(gateway, [...queue, job]);
      this.#assign();
    });
  }

  setData(json: string): void {
    this.#data = json;
    // Messages arrive in order: what is asked after this is asked of the new data.
    for (const { worker, ready } of this.#threads) if (ready) worker.postMessage({ data: json } satisfies Told);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#refuseAll(replaced);
    await Promise.all([...this.#threads].map(thread => this.#end(thread, replaced)));
  }

  /** Gives waiting questions to idle threads: gateways in turn, and none that already has a thread. */
  #assign(): void {
    for (const thread of this.#threads) {
      if (!thread.ready || thread.job) continue;
      const busy = new Set([...this.#threads].map(({ job }) => job?.gateway));
      const gateway = [...this.#waiting.keys()].find(name => !busy.has(name));
      if (gateway === undefined) break;
      const job = this.#waiting.get(gateway)![0]!;
      this.#leave(job, true);
      clearTimeout(job.timer);
      thread.job = job;
      // An answer that is already here counts, even if this process was too busy to hear it in time.
      thread.timer = setTimeout(() => setImmediate(() => this.#expire(thread, job)), this.#limits.deadline);
      thread.worker.postMessage({ question: job.json } satisfies Told);
    }
    this.#staff();
  }

  /** Threads that were lost are replaced when there is work for them, so that a broken policy can't spin. */
  #staff(): void {
    const loaded = [...this.#threads].some(({ ready }) => ready);
    if (this.#closed || (this.#threads.size > 0 && !loaded)) return;
    while (this.#threads.size < (loaded ? this.#limits.threads : 1)) this.#start();
  }

  #start(): void {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: { wasm: this.#wasm, data: this.#data } satisfies Start,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 64 },
    });
    const thread: Thread = {
      worker,
      ready: false,
      job: null,
      timer: setTimeout(
        () => this.#unfit(thread, 'The policy cannot be loaded: it took too long.'),
        this.#limits.loading,
      ),
    };
    const data = this.#data;
    this.#threads.add(thread);
    worker.unref();
    worker.on('message', (said: Said) => this.#hear(thread, said, data));
    worker.on('error', error => this.#unfit(thread, `The policy's thread failed: ${error.message}.`));
    worker.on('exit', () => this.#unfit(thread, "The policy's thread ended."));
  }

  #hear(thread: Thread, said: Said, data: string): void {
    if (!this.#threads.has(thread)) return;
    clearTimeout(thread.timer);
    if (said.kind === 'unfit') this.#unfit(thread, said.message, said.hint);
    else if (said.kind === 'ready') {
      if (data !== this.#data) thread.worker.postMessage({ data: this.#data } satisfies Told);
      thread.ready = true;
      this.#settle.resolve();
    } else {
      const { job } = thread;
      thread.job = null;
      if (said.kind === 'answer') job?.resolve(said.answer);
      else job?.reject(new Error(`The policy failed: ${said.message}.`));
    }
    this.#assign();
  }

  #expire(thread: Thread, job: Job): void {
    if (thread.job === job) this.#replace(thread, overdue(this.#limits.deadline).message);
  }

  #replace(thread: Thread, why: string): void {
    if (!this.#threads.has(thread)) return;
    void this.#end(thread, why);
    this.#assign();
  }

  /** A thread that is lost takes its question along; one that never loaded, all that wait for a first. */
  #unfit(thread: Thread, why: string, hint = ''): void {
    if (!this.#threads.has(thread)) return;
    this.#settle.reject(new Fault(exitCode.failed, why, hint));
    if (!thread.ready && this.#threads.size === 1) {
      this.#refuseAll(why);
      void this.#end(thread, why);
    } else if (thread.ready) this.#replace(thread, why);
    else void this.#end(thread, why);
  }

  async #end(thread: Thread, why: string): Promise<void> {
    this.#threads.delete(thread);
    clearTimeout(thread.timer);
    if (thread.job) this.#refuse(thread.job, why);
    await thread.worker.terminate();
  }

  #refuse(job: Job, why: string): void {
    clearTimeout(job.timer);
    job.reject(new Error(why));
  }

  #refuseAll(why: string): void {
    for (const job of [...this.#waiting.values()].flat()) this.#refuse(job, why);
    this.#waiting.clear();
  }

  #leave(job: Job, served = false): void {
    const rest = (this.#waiting.get(job.gateway) ?? []).filter(other => other !== job);
    // A gateway that was served goes to the end of the line.
    if (served || rest.length === 0) this.#waiting.delete(job.gateway);
    if (rest.length > 0) this.#waiting.set(job.gateway, rest);
  }
}
