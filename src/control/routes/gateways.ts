/** Gateways over the control socket. Each change is an entry. */
import { exitCode, Fault } from '../../errors.js';
import type { Call, Route } from '../server.js';

const text = (value: unknown, fallback = ''): string => (typeof value === 'string' ? value : fallback);

async function createGateway({ house, body, by }: Call): Promise<unknown> {
  const labels = (body.labels ?? {}) as Record<string, string>;
  const gateway = house.gateways.create(
    {
      name: text(body.name),
      description: text(body.description),
      environment: text(body.environment),
      labels,
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
    ...gateway,
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

export const gatewayRoutes: readonly Route[] = [
  { method: 'GET', path: '/gateways', authority: 'any', handle: ({ house }) => house.gateways.list() },
  { method: 'POST', path: '/gateways', authority: 'operator', handle: createGateway },
  { method: 'GET', path: '/gateways/:name', authority: 'any', handle: showGateway },
];
