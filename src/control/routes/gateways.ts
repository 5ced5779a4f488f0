/** Gateways over the control socket. Each change is an entry. */
import { exitCode, Fault } from '../../errors.js';
import { text } from '../fields.js';
import { reinstateGateway, removeGateway, withPurge } from '../offboarding.js';
import type { Call, Route } from '../server.js';

/** Throws `Fault` (usage) for anything but `required` and `optional`, and what isn't there. */
function requiresGrants(grants: unknown): boolean {
  if (grants === undefined || grants === 'optional') return false;
  if (grants === 'required') return true;
  throw new Fault(exitCode.usage, '--grants is required or optional.', 'An example is in: tf gateway update --help');
}

/** Requiring grants is stricter, and anybody's; not to require them any more is the operator's. */
async function updateGateway(call: Call): Promise<unknown> {
  const { house, params, body, by } = call;
  const name = params.name!;
  const before = house.gateways.find(name);
  if (before === undefined)
    throw new Fault(exitCode.missing, `There is no gateway ${name}.`, 'List them with: tf gateway list');
  if (body.grants === undefined)
    throw new Fault(exitCode.usage, 'Say what to change: --grants required or --grants optional.');
  const required = requiresGrants(body.grants);
  if (!required) call.asOperator();
  const grants = required ? 'required' : 'optional';
  if (!required) await house.log.record({ type: 'gateway.updated', run: null, gateway: name, grants, by });
  const gateway = house.gateways.requireGrants(name, required);
  await house.refreshPolicy();
  // What is stricter holds already if it can't be recorded.
  if (required) await house.log.record({ type: 'gateway.updated', run: null, gateway: name, grants, by });
  return gateway;
}

async function createGateway({ house, body, by }: Call): Promise<unknown> {
  const labels = (body.labels ?? {}) as Record<string, string>;
  const gateway = house.gateways.create(
    {
      name: text(body.name),
      description: text(body.description),
      environment: text(body.environment),
      labels,
      ...(requiresGrants(body.grants) && { grants: 'required' }),
    },
    house.now(),
  );
  await house.log.record({ type: 'gateway.created', run: null, gateway, by });
  await house.refreshPolicy();
  return gateway;
}

function showGateway({ house, params }: Call): unknown {
  const name = params.name!;
  const gateway = house.gateways.find(name);
  if (gateway === undefined)
    throw new Fault(exitCode.missing, `There is no gateway ${name}.`, 'List them with: tf gateway list');
  return {
    ...withPurge(house, gateway),
    permissions: house.gateways.permissions(name),
    secrets: house.vault
      .list()
      .filter(({ gateways }) => gateways.length === 0 || gateways.includes(name))
      .map(meta => meta.name),
    runs: house.runs
      .list()
      .filter(({ stored }) => stored.gateway === name)
      .map(({ stored }) => stored.id),
    killed: house.kill
      .active()
      .some(({ scope }) => scope.kind === 'all' || (scope.kind === 'gateway' && scope.name === name)),
  };
}

const list = ({ house }: Call): unknown => house.gateways.list().map(gateway => withPurge(house, gateway));

export const gatewayRoutes: readonly Route[] = [
  { method: 'GET', path: '/gateways', authority: 'any', handle: list },
  { method: 'POST', path: '/gateways', authority: 'operator', handle: createGateway },
  { method: 'GET', path: '/gateways/:name', authority: 'any', handle: showGateway },
  { method: 'PUT', path: '/gateways/:name', authority: 'any', handle: updateGateway },
  {
    method: 'POST',
    path: '/gateways/:name/remove',
    authority: 'any',
    handle: ({ house, params, body, by }) =>
      removeGateway(house, params.name!, { reason: text(body.reason), by, terminate: body.terminate === true }),
  },
  {
    method: 'POST',
    path: '/gateways/:name/reinstate',
    authority: 'operator',
    handle: ({ house, params, by }) => reinstateGateway(house, params.name!, by),
  },
];
