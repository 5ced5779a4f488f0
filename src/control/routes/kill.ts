/** The kill switch over the control socket: anybody may stop, the operator resumes. Each change is an entry. */
import { exitCode, Fault } from '../../errors.js';
import type { KillScope } from '../../model.js';
import { inScope } from '../family.js';
import { text } from '../fields.js';
import type { Call, Route } from '../server.js';

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
  const runs = house.runs.list().filter(run => inScope(run, scope));
  const told =
    body.terminate === true ? runs.filter(({ stored }) => house.tell(stored.id, { event: 'terminate' })) : [];
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
    terminated: told.length,
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

export const killRoutes: readonly Route[] = [
  { method: 'POST', path: '/kill', authority: 'any', handle: kill },
  { method: 'POST', path: '/resume', authority: 'operator', handle: resume },
];
