/**
 * Where a policy is evaluated. The shipped one in this process: its Rego has no loop that input can blow up, and input
 * is bounded. Any other in worker threads (`pool.ts`), because WebAssembly can't be interrupted, only terminated.
 */
import { type Instance, loadWasm } from './wasm.js';

/** A policy that can be asked. */
export interface Evaluator {
  /**
   * Evaluates an input, given as JSON text, for a gateway; undefined if the policy has no answer. A promise where that
   * takes a thread. Throws, or rejects with, an Error whose message is a sentence when there can't be an answer in time.
   */
  evaluate(gateway: string, json: string): unknown;
  /** Replaces `data`, given as JSON text, for every evaluation that is asked for afterwards. */
  setData(json: string): void;
  close(): Promise<void>;
}

/** Milliseconds of a clock that never goes back. */
export type Clock = () => number;

/** A thing that went over the deadline: the same sentence wherever it ran. */
export const overdue = (deadline: number): Error => new Error(`The policy took longer than ${deadline} ms.`);

/** Evaluates in this process. Throws a Fault if the policy can't be loaded. */
export function inProcess(wasm: Uint8Array, data: string, deadline: number, now: Clock): Evaluator {
  const instance: Instance = loadWasm(wasm);
  instance.setData(data);
  return {
    evaluate(_gateway, json) {
      const started = now();
      const answer = instance.evaluate(json);
      if (now() - started > deadline) throw overdue(deadline);
      return answer;
    },
    setData: json => instance.setData(json),
    close: async () => {},
  };
}
