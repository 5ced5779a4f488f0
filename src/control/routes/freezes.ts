/** Freezes over the control socket: anybody may add one, the operator removes it. Each change is an entry. */
import { exitCode, Fault } from '../../errors.js';
import type { Freeze } from '../../model.js';
import { parseFreeze } from '../../policy/index.js';
import type { Call, Route } from '../server.js';

async function addFreeze({ house, body, by }: Call): Promise<unknown> {
  const parsed = parseFreeze(body, house.config.timezone);
  if (parsed.faults !== undefined)
    throw new Fault(exitCode.usage, parsed.faults.join('\n'), 'An example is in: tf freeze add --help');
  const { gateway } = parsed.freeze;
  // One of a name that nobody has would freeze nothing and look as if it did.
  if (gateway !== null && house.gateways.find(gateway) === undefined)
    throw new Fault(exitCode.missing, `There is no gateway ${gateway}.`, 'List them with: tf gateway list');
  const freeze = house.freezes.add(parsed.freeze, by, house.now());
  try {
    await house.refreshPolicy();
    await house.log.record({ type: 'freeze.added', run: null, freeze, by });
  } catch (error) {
    // What can't be recorded, or can't be loaded, doesn't hold.
    house.freezes.remove(freeze.id);
    await house.refreshPolicy();
    throw error;
  }
  return withState(freeze, house.now());
}

async function removeFreeze({ house, params, by }: Call): Promise<unknown> {
  const freeze = house.freezes.find(params.id!);
  if (freeze === undefined)
    throw new Fault(exitCode.missing, `There is no freeze ${params.id}.`, 'List them with: tf freeze list');
  await house.log.record({ type: 'freeze.removed', run: null, freeze, by });
  house.freezes.remove(freeze.id);
  await house.refreshPolicy();
  return freeze;
}

/** A freeze, and whether it is ahead, holds, or is over. */
function withState(freeze: Freeze, now: number): Freeze & { readonly state: string } {
  const time = new Date(now).toISOString();
  return { ...freeze, state: time < freeze.from ? 'ahead' : time < freeze.until ? 'in force' : 'over' };
}

export const freezeRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/freezes',
    authority: 'any',
    handle: ({ house }) => house.freezes.list().map(freeze => withState(freeze, house.now())),
  },
  { method: 'POST', path: '/freezes', authority: 'any', handle: addFreeze },
  { method: 'DELETE', path: '/freezes/:id', authority: 'operator', handle: removeFreeze },
];
