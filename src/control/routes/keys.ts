/** Keys of gateways over the control socket: whoever reads may, the operator rotates. */
import { exitCode, Fault } from '../../errors.js';
import type { Call, Route } from '../server.js';

function known({ house }: Call, name: string): string {
  if (house.gateways.find(name) !== undefined) return name;
  throw new Fault(exitCode.missing, `There is no gateway ${name}.`, 'List them with: tf gateway list');
}

const list = (call: Call): unknown => {
  const gateway = call.query.get('gateway');
  return call.house.keys.list(gateway === null ? undefined : known(call, gateway));
};

/** The new key is in the log, and known to every process that checks what it signs, before this answers. */
async function rotate(call: Call): Promise<unknown> {
  const { house, params, by } = call;
  const gateway = known(call, params.gateway!);
  const key = await house.keys.rotate(gateway, async (next, before) => {
    await house.log.record({ type: 'key.rotated', run: null, gateway, key: next, before: before?.id ?? null, by });
    await house.changed('state');
  });
  await house.changed('state');
  return key;
}

export const keyRoutes: readonly Route[] = [
  { method: 'GET', path: '/keys', authority: 'any', handle: list },
  { method: 'POST', path: '/keys/:gateway/rotate', authority: 'operator', handle: rotate },
];
