/**
 * The thread that evaluates an operator's own policy, one question at a time. It says `ready` or `unfit` once, and then
 * answers each question. Whatever loops here is ended from outside.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Fault } from '../errors.js';
import { loadWasm } from './wasm.js';

/** What the thread is started with. */
export interface Start {
  readonly wasm: Uint8Array;
  readonly data: string;
}

/** What it is told. */
export type Told = { readonly data: string } | { readonly question: string };

/** What it says. */
export type Said =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unfit'; readonly message: string; readonly hint: string }
  | { readonly kind: 'answer'; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly message: string };

const say = (said: Said): void => parentPort?.postMessage(said);
const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const { wasm, data } = workerData as Start;
try {
  const instance = loadWasm(wasm);
  let broken: string | null = null;
  const set = (json: string): void => {
    try {
      instance.setData(json);
      broken = null;
    } catch (error) {
      broken = `Its data cannot be loaded: ${message(error)}.`;
    }
  };
  set(data);
  parentPort?.on('message', (told: Told) => {
    if ('data' in told) return set(told.data);
    try {
      if (broken !== null) throw new Error(broken);
      say({ kind: 'answer', answer: instance.evaluate(told.question) });
    } catch (error) {
      say({ kind: 'failed', message: message(error) });
    }
  });
  say({ kind: 'ready' });
} catch (error) {
  say({ kind: 'unfit', message: message(error), hint: error instanceof Fault ? error.hint : '' });
}
