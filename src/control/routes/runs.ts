/** Runs over the control socket: a run lives as long as the connection that started it. */
import { exitCode, Fault } from '../../errors.js';
import { ancestry, processes } from '../../identity/processes.js';
import type { Run } from '../../identity/runs.js';
import { family } from '../family.js';
import { text } from '../fields.js';
import { limitRun, readGrant } from '../granting.js';
import type { House } from '../house.js';
import type { Call, Route } from '../server.js';
import { spawn } from '../spawn.js';
import { identify, recordKey } from '../starting.js';
import { voidInTime } from '../voiding.js';

/** Who is told what, and the connection that says that a run is alive. */
const supervisors = new Map<string, Call['response']>();

/** Tells the supervisor of a run something; false if it isn't connected. */
export function tell(run: string, message: { readonly event: string }): boolean {
  const response = supervisors.get(run);
  response?.write(`${JSON.stringify(message)}\n`);
  return response !== undefined;
}

/** Whether the supervisor of a run is connected. */
export const supervised = (run: string): boolean => supervisors.has(run);

/** Ends a run and all that were started from it: their tokens are void, and what is on its way is destroyed. */
export async function endRun(house: House, id: string): Promise<void> {
  // All at once: what one of them may do must not outlive the other.
  const ended = family(house.runs.list(), id).filter(({ stored }) => house.runs.end(stored.id) !== undefined);
  await Promise.all(ended.map(({ stored }) => house.stop({ kind: 'run', name: stored.id })));
  for (const { stored } of ended) {
    house.log.note({ type: 'run.ended', run: stored.id, gateway: stored.gateway });
    if (stored.id === id) continue;
    tell(stored.id, { event: 'ended' });
    const response = supervisors.get(stored.id);
    supervisors.delete(stored.id);
    response?.end();
  }
}

function supervise({ house, response }: Call, run: Run): void {
  supervisors.set(run.stored.id, response);
  const forget = voidInTime(run, house);
  response.once('close', () => {
    forget();
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

/** What a run starts ends with it: what would begin after its end nobody would end. */
function refuseOrphan(parent: Run | null): void {
  if (parent?.ended)
    throw new Fault(
      exitCode.refused,
      `The run that this one would be part of has ended (${parent.stored.id}).`,
      'Nothing was started.',
    );
}

/** The grant that is to limit the run as a whole, or null. Throws `Fault` for one that can't be. */
function grantIn({ grant }: Call['body']): Readonly<Record<string, unknown>> | null {
  if (grant === undefined) return null;
  readGrant(grant as Readonly<Record<string, unknown>>);
  return grant as Readonly<Record<string, unknown>>;
}

/** Starts a run; the answer is JSON lines for as long as the run lives. */
async function start(call: Call): Promise<undefined> {
  const { house, body, inside, claims, response } = call;
  refuseAtTheEnd(house);
  const upstream = body.upstream as { connect_to?: Record<string, string>; ca?: string[] } | undefined;
  const name = text(body.gateway);
  const granting = grantIn(body);
  const required = house.gateways.find(name)?.grants === 'required';
  // Another address for a name, or another root of trust, decides who gets a secret; and a grant that is required gives something.
  if (upstream !== undefined || (granting !== null && required && inside === null)) call.asOperator();
  else if (inside === null) call.asOutsider();
  const parent = inside === null ? null : await spawn(call, name);
  refuseAtTheEnd(house);
  const { fields, verified, unverified } = await identify(call, parent);
  let gateway = house.gateways.find(name);
  if (gateway === undefined) {
    gateway = house.gateways.create({ name }, house.now());
    await house.log.record({ type: 'gateway.created', run: null, gateway, by: call.by });
    await house.refreshPolicy();
  }
  await recordKey(call, name);
  // The one that it has shown to be, where that can be: what is inside of a run is told by it.
  const said = typeof body.pid === 'number' ? body.pid : null;
  const pid = processes.known ? claims.pid : said;
  // It may have been removed meanwhile.
  gateway = house.gateways.inUse(name);
  refuseOrphan(parent);
  const { run, token, supervisor } = house.runs.start(gateway, {
    pid,
    ...fields,
    // For whom it acts is its parent's to say.
    ...(parent && { parent, user: parent.stored.user }),
    ...(upstream === undefined ? {} : { upstream: { connect_to: upstream.connect_to ?? {}, ca: upstream.ca ?? [] } }),
  });
  try {
    await house.log.record({
      type: 'run.started',
      run: run.stored.id,
      subject: run.subject,
      boundary: 'cooperative',
      ...(verified.length > 0 && { verified }),
      ...(unverified.length > 0 && { unverified }),
    });
    if (granting !== null) await limitRun(house, run, { fields: granting, by: call.by, operator: parent === null });
    await house.changed('state');
    refuseAtTheEnd(house);
    // Then this one has ended with it, and whoever held its connection could not be told.
    refuseOrphan(parent);
    supervise(call, run);
    response.writeHead(200, { 'content-type': 'application/jsonl' });
    response.write(
      `${JSON.stringify({ run: run.stored.id, subject: run.subject, boundary: 'cooperative', token, supervisor, port: house.port(), files: house.trustFiles, ...environment(call, name) })}\n`,
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

const descends = (pid: number, from: number | null): boolean =>
  ancestry(pid).line.some(process => process.pid === from);

/** The child's process, once it is there: what is inside is told by it. */
async function child({ house, params, body }: Call): Promise<unknown> {
  const run = house.runs.find(params.id!);
  if (run === undefined || typeof body.pid !== 'number' || house.runs.bySupervisor(text(body.supervisor)) !== run)
    throw new Fault(exitCode.missing, 'There is no such run.');
  // A process of somebody else would put that one inside; and who is inside doesn't change later.
  const { starting, pid } = run.stored;
  if (starting !== true || (processes.known && (body.pid === pid || !descends(body.pid, pid))))
    throw new Fault(exitCode.refused, 'That is not the process that this run consists of.');
  house.runs.setPid(run.stored.id, body.pid);
  await house.changed('state');
  return {};
}

export const runRoutes: readonly Route[] = [
  { method: 'POST', path: '/runs', authority: 'any', handle: start },
  { method: 'POST', path: '/runs/attach', authority: 'any', handle: attach },
  { method: 'POST', path: '/runs/:id/child', authority: 'any', handle: child },
];
