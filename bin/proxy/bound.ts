/** Bound: a run may do something while it is what it was: that is looked at when a request comes, and again after it was held. */
import { Refusal } from '../../src/errors.js';
import type { Trace } from '../../src/gateway.js';
import type { Caller } from '../../src/model.js';
import type { Permit } from '../../src/permit.js';
import { confirmed } from './confirm.js';
import type { Parts } from './data-path.js';

type Needed = Pick<Parts, 'bindings' | 'house'>;

/** Throws `Refusal` (`binding_void`) if the caller is not what it was, and makes its run void. */
export function checkBound({ bindings, house }: Needed, caller: Caller): void {
  const unbound = bindings.fault(caller);
  if (unbound === null) return;
  const evidence = house.voided(unbound.run, unbound.reason);
  evidence.catch(() => {}); // whoever answers the agent hears of it
  throw new Refusal('binding_void', unbound.reason, { rule: 'binding', evidence });
}

/** Waits by `wait`, which confirms before a yes is used. Rejects as that does, and if the caller is not what it was by then. */
export async function whileBound(
  parts: Needed,
  trace: Trace,
  wait: (confirm: () => Promise<void>) => Promise<Permit>,
): Promise<Permit> {
  const check = (): void => checkBound(parts, trace.caller!);
  const permit = await wait(async () => {
    check();
    await confirmed(parts.house, trace);
  });
  // With workers the parent confirms, and it can't tell.
  check();
  return permit;
}
