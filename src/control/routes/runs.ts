/** Runs over the control socket: a run lives as long as the connection that started it. */
import { exitCode, Fault } from '../../errors.js';
import type { Run } from '../../identity/runs.js';
import type { House } from '../house.js';
import type { Call, Route } from '../server.js';

/** Who is told what, and the connection that says that a run is alive. */
const supervisors = new Map<string, Call['response']>();

/** Tells the supervisor of a run something; false if it isn't connected. */
export function tell(run: string, message: { readonly event: string }): boolean {
  const response = supervisors.get(run);
  return response?.write(`${JSON.stringify(message)}\n`) ?? false;
}

/** Whether the supervisor of a run is connected. */
export const supervised = (run: string): boolean => supervisors.has(run);

/** Ends a run: its token is void, and what is on its way is destroyed. */
export async function endRun(house: House, id: string): Promise<void> {
  const run = house.runs.end(id);
  if (run === undefined) return;
  await house.stop({ kind: 'run', name: id });
  house.log.note({ type: 'run.ended', run: id, gateway: run.stored.gateway });
}

const text = (value: unknown, fallback = ''): string => (typeof value === 'string' ? value : fallback);

function supervise({ house, response }: Call, run: Run): void {
  supervisors.set(run.stored.id, response);
  response.once('close', () => {
    if (supervisors.get(run.stored.id) !== response) return;
    supervisors.delete(run.stored.id);
    // The proxy's own end is not the end of the run: it comes back with the next proxy.
    if (house.ending()) return;
    void endRun(house, run.stored.id);
  });
}

/** An ending proxy would leave the run with nothing but its next one; whoever asks looks for that at once. */
function refuseAtTheEnd(house: House): void {
  if (house.ending()) throw new Fault(exitCode.unreachable, 'The proxy is ending.', 'Try again.');
}

/** Starts a run; the answer is JSON lines for as long as the run lives. */
async function start(call: Call): Promise<undefined> {
  const { house, body, inside, response } = call;
  if (inside !== null) {
    house.log.note({
      type: 'auth.rejected',
      run: inside,
      at: 'control',
      request: 'POST /runs',
      reason: 'A run may not start another one yet.',
    });
    throw new Fault(
      exitCode.refused,
      "A run can't be started from inside a run.",
      'Sub-agents need the permission gateway.spawn, which this version does not have yet.',
    );
  }
  refuseAtTheEnd(house);
  const upstream = body.upstream as { connect_to?: Record<string, string>; ca?: string[] } | undefined;
  // Another address for a name, or another root of trust, decides who gets a secret.
  if (upstream !== undefined) call.asOperator();
  else call.asOutsider();
  const name = text(body.gateway);
  let gateway = house.gateways.find(name);
  if (gateway === undefined) {
    gateway = house.gateways.create({ name }, house.now());
    await house.log.record({ type: 'gateway.created', run: null, gateway, by: call.by });
    await house.refreshPolicy();
  }
  const pid = typeof body.pid === 'number' ? body.pid : null;
  const { run, token, supervisor } = house.runs.start(gateway, {
    pid,
    user: { sub: text(body.user, 'unknown') },
    workload: (body.workload ?? {}) as Record<string, string | number>,
    ...(upstream === undefined ? {} : { upstream: { connect_to: upstream.connect_to ?? {}, ca: upstream.ca ?? [] } }),
  });
  try {
    await house.log.record({ type: 'run.started', run: run.stored.id, subject: run.subject, boundary: 'cooperative' });
    await house.changed('state');
    refuseAtTheEnd(house);
    supervise(call, run);
    response.writeHead(200, { 'content-type': 'application/jsonl' });
    response.write(
      `${JSON.stringify({ run: run.stored.id, token, supervisor, port: house.port(), files: house.trustFiles, ...environment(call, name) })}\n`,
    );
  } catch (error) {
    await endRun(house, run.stored.id);
    throw error;
  }
  return undefined;
}

/** What the child's environment must lose, and the placeholders that it gets where a secret exists. */
function environment({ house, body }: Call, gateway: string): { drop: string[]; placeholders: Record<string, string> } {
  const digests = (body.environment ?? {}) as Record<string, string>;
  const names = Object.keys(digests);
  const known = house.vault.locked ? names.map(() => false) : house.vault.recognises(names.map(name => digests[name]!));
  const placeholders: Record<string, string> = {};
  for (const meta of house.vault.list()) {
    if (meta.gateways.length > 0 && !meta.gateways.includes(gateway)) continue;
    const credentials = house.connectors.find(({ name }) => name === meta.connector)?.credentials;
    for (const variable of credentials?.env ?? []) placeholders[variable] = credentials!.placeholder;
  }
  return { drop: names.filter((_, i) => known[i]), placeholders };
}

/**
 * After the proxy was restarted: the supervisor shows that its run is still alive. Not by the token, which the agent has:
 * it could keep its run alive for ever, and deaf to the order to end.
 */
function attach(call: Call): undefined {
  const run = call.house.runs.bySupervisor(text(call.body.supervisor));
  if (run === undefined) throw new Fault(exitCode.missing, 'There is no such run.');
  supervise(call, run);
  call.response.writeHead(200, { 'content-type': 'application/jsonl' });
  call.response.write(`${JSON.stringify({ run: run.stored.id, port: call.house.port() })}\n`);
  return undefined;
}

/** The child's process, once it is there: what is inside is told by it. */
function child({ house, params, body }: Call): unknown {
  const run = house.runs.find(params.id!);
  if (run === undefined || typeof body.pid !== 'number' || house.runs.bySupervisor(text(body.supervisor)) !== run)
    throw new Fault(exitCode.missing, 'There is no such run.');
  house.runs.setPid(run.stored.id, body.pid);
  return {};
}

export const runRoutes: readonly Route[] = [
  { method: 'POST', path: '/runs', authority: 'any', handle: start },
  { method: 'POST', path: '/runs/attach', authority: 'any', handle: attach },
  { method: 'POST', path: '/runs/:id/child', authority: 'any', handle: child },
];
