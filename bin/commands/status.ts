/** `tf status` and `tf stop`: what runs, what is killed, what waits; and the end of it. */
import type { Command } from 'commander';
import { exitCode, Fault } from '../../src/errors.js';
import { call } from '../control.js';
import { answers } from '../daemon.js';
import { home, paths } from '../home.js';
import { inert, json, line, styled, table } from '../print.js';

interface Status {
  readonly proxy: {
    readonly pid: number;
    readonly version: string;
    readonly listen: string;
    readonly started_at: string;
    /** It is ending: requests in flight have their time, and nothing new is taken. */
    readonly draining: boolean;
  };
  /** What the configuration asks for and this version doesn't do. */
  readonly notices: readonly string[];
  readonly log: { readonly healthy: boolean };
  readonly vault: { readonly locked: boolean; readonly source: string };
  readonly policy: { readonly sha256: string; readonly shipped: boolean };
  readonly runs: readonly {
    readonly id: string;
    readonly gateway: string;
    /** Null: a run of the proxy's own. */
    readonly pid: number | null;
    readonly started_at: string;
    readonly user: string;
    /** From the outermost parent to itself. */
    readonly runs: readonly string[];
    /** Why nothing of it is let through any more. */
    readonly void?: string;
  }[];
  readonly grants: readonly {
    readonly id: string;
    readonly gateway: string;
    readonly task: string;
    readonly expires_at: string;
  }[];
  readonly requests_in_flight: number;
  readonly workers: readonly { readonly pid: number; readonly connections: number; readonly requests: number }[];
  readonly killed: readonly {
    readonly scope: { readonly kind: string; readonly name?: string };
    readonly reason: string;
    readonly since: string;
  }[];
  readonly deferrals: readonly {
    readonly id: string;
    readonly gateway: string;
    readonly action: string;
    readonly due_at: string;
  }[];
  readonly approvals: readonly { readonly id: string; readonly gateway: string; readonly action: string }[];
}

/** Each run below the one that it was started from; otherwise in their order, which is that of their starts. */
const inTree = (runs: Status['runs']): Status['runs'] =>
  [...runs].sort((a, b) => (a.runs.join() < b.runs.join() ? -1 : 1));

const nested = ({ gateway, runs }: Status['runs'][number]): string =>
  runs.length > 1 ? `${'  '.repeat(runs.length - 2)}└ ${gateway}` : gateway;

async function status({ json: asJson }: { json?: boolean }): Promise<void> {
  const answer = (await call('GET', '/status', undefined, { start: false }).catch((error: unknown) => {
    if (asJson && error instanceof Fault && error.exit === exitCode.unreachable)
      json({ proxy: { running: false }, home: home() });
    throw error;
  })) as Status;
  if (asJson) return json(answer);
  const { proxy, log, vault, policy, runs, killed, approvals } = answer;
  line(
    `${styled('bold', 'proxy')}   ${proxy.listen}, pid ${proxy.pid}, version ${proxy.version}, since ${proxy.started_at}`,
  );
  line(
    `${styled('bold', 'log')}     ${log.healthy ? 'healthy' : styled('red', "can't be written: every request is refused")}`,
  );
  line(
    `${styled('bold', 'vault')}   ${vault.locked ? styled('yellow', 'locked: tf secret unlock') : 'open'} (key from ${vault.source})`,
  );
  line(`${styled('bold', 'policy')}  ${policy.shipped ? 'default' : 'your own'} ${policy.sha256.slice(0, 12)}`);
  line(
    `${styled('bold', 'flying')}  ${answer.requests_in_flight} request${answer.requests_in_flight === 1 ? '' : 's'}`,
  );
  if (proxy.draining) line(`${styled('yellow', 'ending')}  as soon as these have ended`);
  for (const { pid, connections, requests } of answer.workers)
    line(`${styled('bold', 'worker')}  pid ${pid}: ${connections} connections, ${requests} requests`);
  for (const notice of answer.notices) line(`${styled('yellow', 'config')}  ${notice}`);
  for (const { scope, reason, since } of killed) {
    line(
      `${styled('red', 'killed')}  ${scope.kind === 'all' ? 'everything' : `${scope.kind} ${inert(scope.name ?? '')}`}${since ? ` since ${since}` : ''}${reason ? `: ${inert(reason)}` : ''}`,
    );
  }
  if (runs.length > 0) {
    line();
    table(
      ['RUN', 'GATEWAY', 'PID', 'USER', 'SINCE'],
      inTree(runs).map(run => [run.id, nested(run), String(run.pid ?? '-'), run.user, run.started_at]),
    );
  }
  if (answer.deferrals.length > 0) {
    line();
    table(
      ['DEFERRED', 'GATEWAY', 'ACTION', 'DUE'],
      answer.deferrals.map(({ id, gateway, action, due_at }) => [id, gateway, action, due_at]),
    );
  }
  if (answer.grants.length > 0) {
    line();
    table(
      ['GRANT', 'GATEWAY', 'ENDS', 'TASK'],
      answer.grants.map(({ id, gateway, expires_at, task }) => [id, gateway, expires_at, inert(task)]),
    );
  }
  for (const { id, void: why } of runs) if (why !== undefined) line(`${styled('red', 'void')}    ${id}: ${inert(why)}`);
  if (approvals.length > 0) {
    line();
    table(
      ['WAITS', 'GATEWAY', 'ACTION'],
      approvals.map(({ id, gateway, action }) => [id, gateway, action]),
    );
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function stop({ json: asJson }: { json?: boolean }): Promise<void> {
  const { socket } = paths();
  if (!(await answers(socket))) {
    if (asJson) return json({ stopped: false, running: false });
    return line('No proxy is running.');
  }
  const { pid } = (await call('POST', '/stop', {}, { start: false })) as { pid: number };
  // Its files are still being closed when the socket has gone: whoever makes a backup next wants them whole.
  // Not until nothing answers any more: the next proxy may be there already.
  while (lives(pid)) await new Promise(resolve => setTimeout(resolve, 20));
  if (asJson) return json({ stopped: true, running: false });
  line('The proxy has stopped.');
}

export default function register(program: Command): void {
  program
    .command('status')
    .description('what runs, what is killed, what waits (exit code 5 when no proxy runs)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf status --json')
    .action(status);
  program
    .command('stop')
    .description('end the background proxy; runs that are alive lose it')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  tf stop')
    .action(stop);
}
