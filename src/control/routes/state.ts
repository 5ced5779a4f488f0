/** Gateways, permissions, kill switches and approvals over the control socket. Each change is an entry. */
import { exitCode, Fault } from '../../errors.js';
import type { KillScope, Permission } from '../../model.js';
import { parsePermission } from '../../policy/index.js';
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
  if (permission.effect !== 'allow' || permission.rate || permission.budget) call.asOperator();
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

/** The scope that a body names: exactly one of all, gateway, connector, run. */
function scopeOf({ body }: Call): KillScope {
  const named = (['gateway', 'connector', 'run'] as const).filter(
    kind => typeof body[kind] === 'string' && body[kind] !== '',
  );
  if (body.all === true && named.length === 0) return { kind: 'all' };
  const [kind] = named;
  if (kind === undefined || named.length > 1 || body.all === true)
    throw new Fault(
      exitCode.usage,
      'Say one scope: a gateway, --connector, --run or --all.',
      'For example: tf kill research-agent',
    );
  return { kind, name: text(body[kind]) };
}

/** A kill of a name that nobody has would stop nothing and look as if it had. */
function mustExist({ house }: Call, scope: KillScope): void {
  if (scope.kind === 'gateway' && house.gateways.find(scope.name) === undefined)
    throw new Fault(exitCode.missing, `There is no gateway ${scope.name}.`, 'List them with: tf gateway list');
  if (scope.kind === 'run' && house.runs.find(scope.name) === undefined)
    throw new Fault(exitCode.missing, `There is no run ${scope.name}, or it has ended.`, 'List them with: tf status');
  if (
    scope.kind === 'connector' &&
    scope.name !== 'http' &&
    !house.connectors.some(({ name }) => name === scope.name)
  ) {
    throw new Fault(exitCode.missing, `There is no connector ${scope.name}.`, 'List them with: tf connector list');
  }
}

async function kill(call: Call): Promise<unknown> {
  const { house, body, by } = call;
  const scope = scopeOf(call);
  mustExist(call, scope);
  let unwritten: unknown = null;
  try {
    house.kill.activate(scope, text(body.reason), by, house.now());
  } catch (error) {
    unwritten = error;
  }
  const stopped = await house.stop(scope);
  const runs = house.runs
    .list()
    .filter(
      ({ stored }) =>
        scope.kind === 'all' ||
        (scope.kind === 'run' ? stored.id === scope.name : scope.kind === 'gateway' && stored.gateway === scope.name),
    );
  if (body.terminate === true) for (const { stored } of runs) house.tell(stored.id, { event: 'terminate' });
  house.log.note({
    type: 'kill.activated',
    run: scope.kind === 'run' ? scope.name : null,
    scope,
    reason: text(body.reason),
    by,
    stopped,
  });
  if (unwritten !== null)
    throw new Fault(
      exitCode.failed,
      'It is stopped now, but this could not be written down: it would not last over a restart.',
      'Look at the disk, then run it again.',
    );
  return {
    scope,
    stopped,
    runs: runs.map(({ stored }) => stored.id),
    terminated: body.terminate === true ? runs.length : 0,
  };
}

async function resume(call: Call): Promise<unknown> {
  const { house, by } = call;
  const scope = scopeOf(call);
  const known = house.kill
    .active()
    .some(
      ({ scope: other }) =>
        other.kind === scope.kind && (other.kind === 'all' || other.name === (scope as { name?: string }).name),
    );
  if (!known)
    throw new Fault(exitCode.missing, 'No kill switch of that scope is active.', 'See which are with: tf status');
  await house.log.record({ type: 'kill.deactivated', run: scope.kind === 'run' ? scope.name : null, scope, by });
  house.kill.deactivate(scope);
  await house.changed('state');
  return { scope, active: house.kill.active() };
}

const answerApproval =
  (verdict: 'granted' | 'refused') =>
  ({ house, params, body, by, inside }: Call): unknown =>
    // Who stands inside a run doesn't sign for somebody else.
    house.approvals.answer(params.id!, verdict, inside === null ? text(body.by, by) : by, text(body.reason));

export const stateRoutes: readonly Route[] = [
  { method: 'GET', path: '/gateways', authority: 'any', handle: ({ house }) => house.gateways.list() },
  { method: 'POST', path: '/gateways', authority: 'operator', handle: createGateway },
  { method: 'GET', path: '/gateways/:name', authority: 'any', handle: showGateway },
  {
    method: 'GET',
    path: '/permissions',
    authority: 'any',
    handle: ({ house, query }) =>
      house.gateways.permissions(query.get('gateway') ?? undefined).map(permission => withLimits(house, permission)),
  },
  { method: 'POST', path: '/permissions', authority: 'any', handle: setPermission },
  { method: 'DELETE', path: '/permissions/:id', authority: 'any', handle: removePermission },
  { method: 'POST', path: '/kill', authority: 'any', handle: kill },
  { method: 'POST', path: '/resume', authority: 'operator', handle: resume },
  { method: 'GET', path: '/approvals', authority: 'any', handle: ({ house }) => house.approvals.list() },
  {
    method: 'GET',
    path: '/approvals/:id',
    authority: 'any',
    handle: ({ house, params }) => house.approvals.find(params.id!),
  },
  { method: 'POST', path: '/approvals/:id/approve', authority: 'operator', handle: answerApproval('granted') },
  { method: 'POST', path: '/approvals/:id/deny', authority: 'any', handle: answerApproval('refused') },
];
