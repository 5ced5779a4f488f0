/** Opens the policy in force: the operator's own if one was activated, as it was activated; else the default one. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Refusal } from '../../src/errors.js';
import type { State } from '../../src/identity/state.js';
import { openPolicy, type Policy, type PolicyData, sha256 } from '../../src/policy/index.js';
import type { Paths } from '../home.js';

/** The stored module, or null for the default one. Throws if it isn't the one that was activated. */
function stored(at: Paths, state: Pick<State, 'get'>): Uint8Array | null {
  const expected = state.get('policy.wasm_sha256') ?? '';
  if (expected === '') return null;
  if (!existsSync(at.policy)) throw new Error(`${at.policy} is missing`);
  const wasm = readFileSync(at.policy);
  if (sha256(wasm) !== expected) throw new Error(`${at.policy} is not the policy that was activated`);
  return wasm;
}

/**
 * Opens it. A policy of the operator's own that can't be loaded is not replaced by the default one, which may be laxer:
 * every question is refused (`policy_unavailable`) until another one is activated.
 */
export async function openStoredPolicy(
  at: Paths,
  state: Pick<State, 'get'>,
  data: PolicyData,
  deadline: number,
  diagnose: (error: unknown) => void,
): Promise<Policy> {
  let wasm: Uint8Array | null = null;
  try {
    wasm = stored(at, state);
    return await openPolicy({ data, deadline, ...(wasm === null ? {} : { wasm }) });
  } catch (error) {
    diagnose(error);
    const reason = error instanceof Error ? error.message : 'unknown';
    const standIn = await openPolicy({ data, deadline });
    let broken = true;
    return {
      get digest() {
        return broken ? sha256(wasm ?? '') : standIn.digest;
      },
      get wasmDigest() {
        return broken ? sha256(wasm ?? '') : standIn.wasmDigest;
      },
      get shipped() {
        return !broken && standIn.shipped;
      },
      get repeats() {
        return standIn.repeats;
      },
      async decide(question) {
        if (broken) throw new Refusal('policy_unavailable', `The policy can't be loaded: ${reason}.`);
        return standIn.decide(question);
      },
      setData: next => standIn.setData(next),
      async replace(next) {
        const decision = await standIn.replace(next);
        broken = false;
        return decision;
      },
      close: () => standIn.close(),
    };
  }
}

/** Keeps an operator's policy over restarts; null goes back to the default one. Whole or not at all. */
export function keepPolicy(at: Paths, state: State, wasm: Uint8Array | null, source: string): void {
  if (wasm !== null) {
    writeFileSync(`${at.policy}.new`, wasm, { mode: 0o600, flush: true });
    renameSync(`${at.policy}.new`, at.policy);
  }
  state.set('policy.wasm_sha256', wasm === null ? '' : sha256(wasm));
  state.set('policy.source', source);
  if (wasm === null) rmSync(at.policy, { force: true });
}
