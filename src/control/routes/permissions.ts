/** Permissions over the control socket: who makes them laxer is the operator. Each change is an entry. */
import { exitCode, Fault } from '../../errors.js';
import type { Permission } from '../../model.js';
import { parsePermission } from '../../policy/index.js';
import type { Call, Route } from '../server.js';

async function setPermission(call: Call): Promise<unknown> {
  const { house, body, by } = call;
  const parsed = parsePermission(body);
  if (parsed.faults !== undefined)
    throw new Fault(exitCode.usage, parsed.faults.join('\n'), 'An example is in: tf permissions set --help');
  if (parsed.permission.effect !== 'deny') call.asOperator();
  if (house.gateways.find(parsed.permission.gateway) === undefined) {
    throw new Fault(
      exitCode.missing,
      `There is no gateway ${parsed.permission.gateway}.`,
      `Make it with: tf gateway create ${parsed.permission.gateway}`,
    );
  }
  const permission = house.gateways.addPermission(parsed.permission, house.now());
  try {
    await house.refreshPolicy();
    await house.log.record({ type: 'permission.set', run: null, permission, by });
  } catch (error) {
    // What can't be recorded, or can't be loaded, doesn't hold.
    house.gateways.removePermission(permission.id);
    await house.refreshPolicy();
    throw error;
  }
  return permission;
}

async function removePermission(call: Call): Promise<unknown> {
  const { house, params, by } = call;
  const permission = house.gateways.permissions().find(({ id }) => id === params.id);
  if (permission === undefined)
    throw new Fault(exitCode.missing, `There is no permission ${params.id}.`, 'List them with: tf permissions list');
  // Without it another one may allow more.
  if (permission.effect !== 'allow' || permission.rate || permission.budget || permission.repeats) call.asOperator();
  await house.log.record({ type: 'permission.removed', run: null, permission, by });
  house.gateways.removePermission(permission.id);
  house.ledger.forget(permission.id);
  await house.refreshPolicy();
  return permission;
}

/** A permission, and how its limits stand. */
const withLimits = ({ ledger }: Call['house'], permission: Permission): unknown => {
  const limits = ledger.state(permission);
  return limits.length === 0 ? permission : { ...permission, limits };
};

export const permissionRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/permissions',
    authority: 'any',
    handle: ({ house, query }) =>
      house.gateways.permissions(query.get('gateway') ?? undefined).map(permission => withLimits(house, permission)),
  },
  { method: 'POST', path: '/permissions', authority: 'any', handle: setPermission },
  { method: 'DELETE', path: '/permissions/:id', authority: 'any', handle: removePermission },
];
