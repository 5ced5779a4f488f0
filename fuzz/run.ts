/**
 * Fuzz by hand: `npm run fuzz -- [TARGET…] [--seconds N] [--seed S] [--input BASE64]`. On a finding it prints the target, the seed and the
 * input as base64, and ends with 1. Each target runs in a thread of its own, so that one that hangs is a finding too.
 */
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { drive } from './drive.js';
import type { Target } from './target.js';
import { targets } from './targets/index.js';

/** So long may one input take, in milliseconds. Nothing that is bounded by its input takes a thousandth of it. */
const patience = 20_000;
const room = 1 << 16;

interface Job {
  readonly name: string;
  readonly seed: number;
  readonly seconds: number;
  /** Number of inputs, length of the one that runs, and its bytes: what is left of a thread that hangs. */
  readonly shared: SharedArrayBuffer;
}

interface Report {
  readonly inputs: number;
  readonly outcomes: number;
  readonly finding: { readonly input: Uint8Array; readonly message: string } | null;
}

const find = (name: string): Target | undefined => targets.find(target => target.name === name);

async function work({ name, seed, seconds, shared }: Job): Promise<void> {
  const numbers = new Int32Array(shared, 0, 2);
  const bytes = new Uint8Array(shared, 8);
  const end = Date.now() + seconds * 1000;
  const { inputs, outcomes, finding } = await drive(find(name)!, {
    seed,
    goOn: count => count % 64 !== 0 || Date.now() < end,
    watch(input) {
      bytes.set(input.subarray(0, bytes.length));
      Atomics.store(numbers, 1, input.length);
      Atomics.add(numbers, 0, 1);
    },
  });
  const found = finding && { input: finding.input, message: String((finding.error as Error).stack ?? finding.error) };
  parentPort!.postMessage({ inputs, outcomes: outcomes.size, finding: found } satisfies Report);
}

/** Runs one target in a thread, and ends it when one input takes for ever. */
function watch(name: string, seed: number, seconds: number): Promise<Report> {
  const shared = new SharedArrayBuffer(8 + room);
  const numbers = new Int32Array(shared, 0, 2);
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { name, seed, seconds, shared } satisfies Job });
    let before = -1;
    const timer = setInterval(() => {
      const inputs = Atomics.load(numbers, 0);
      if (inputs !== before) {
        before = inputs;
        return;
      }
      clearInterval(timer);
      const input = Buffer.from(shared).subarray(8, 8 + Atomics.load(numbers, 1));
      resolve({ inputs, outcomes: 0, finding: { input, message: `It takes longer than ${patience / 1000} seconds.` } });
      void worker.terminate();
    }, patience);
    worker.once('message', report => {
      clearInterval(timer);
      resolve(report as Report);
    });
    worker.once('error', reject);
  });
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: 'string', default: '10' }, seed: { type: 'string' }, input: { type: 'string' } },
  });
  const unknown = positionals.filter(name => find(name) === undefined);
  if (unknown.length > 0) {
    console.error(
      `There is no target ${unknown.join(', ')}. There are: ${targets.map(({ name }) => name).join(', ')}.`,
    );
    process.exitCode = 2;
    return;
  }
  const names = positionals.length > 0 ? positionals : targets.map(({ name }) => name);
  if (values.input !== undefined) {
    for (const name of names) console.log(`${name}: ${await find(name)!.run(Buffer.from(values.input, 'base64'))}`);
    return;
  }
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  for (const name of names) {
    const { inputs, outcomes, finding } = await watch(name, seed, Number(values.seconds));
    console.log(`${name}: ${inputs} inputs, ${outcomes} outcomes, seed ${seed}`);
    if (finding === null) continue;
    console.log(`FINDING in ${name}, seed ${seed}, input ${Buffer.from(finding.input).toString('base64')}`);
    console.log(finding.message);
    process.exitCode = 1;
  }
}

await (isMainThread ? main() : work(workerData as Job));
