/** Session: a run as this process holds it: begun, its canary refused, kept over a restart of the proxy, and ended. */
import { exitCode, Fault } from '../../src/errors.js';
import type { Subject } from '../../src/model.js';
import { type Stream, stream } from '../control.js';
import { answers, ensureProxy } from '../daemon.js';
import type { TrustFiles } from '../environment/child-environment.js';
import { paths } from '../home.js';
import { problem } from '../print.js';
import { canaryFault } from './canary.js';
import { notStarted } from './command-line.js';

/** What starts a run, as `POST /runs` takes it. */
export interface Order {
  readonly gateway: string;
  readonly upstream?: object;
  readonly grant?: object;
  readonly [member: string]: unknown;
}

/** The first line of a run's stream. */
export interface Started {
  readonly run: string;
  readonly subject: Subject;
  readonly boundary: string;
  readonly token: string;
  /** What this process alone shows to come back to its run. */
  readonly supervisor: string;
  readonly port: number;
  readonly files: TrustFiles;
  readonly drop: readonly string[];
  readonly placeholders: Readonly<Record<string, string>>;
}

const moment = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 100));

/** Asks a proxy, starting one if need be; and the next one when that was just ending, or died meanwhile. */
async function persist(ask: () => Promise<Stream>): Promise<Stream> {
  for (let attempts = 1; ; attempts++) {
    await ensureProxy();
    try {
      return await ask();
    } catch (error) {
      const { exit } = error as { exit?: number };
      if (attempts >= (exit === exitCode.unreachable ? 600 : 20)) throw error;
      if (exit !== exitCode.unreachable && exit !== exitCode.failed) throw error;
      await moment();
    }
  }
}

/** Starts a run and sends its canary. A proxy that ended in between is asked no more: the run begins anew with the next. */
export async function begin(order: Order): Promise<{ connection: Stream; started: Started }> {
  for (let attempts = 1; ; attempts++) {
    // Where a grant is required, only the operator gives one.
    const laxer = order.upstream !== undefined || (order.grant !== undefined && !process.env.TF_RUN);
    const connection = await persist(() => stream('POST', '/runs', order, laxer));
    const started = connection.first as unknown as Started;
    const { token, port, files } = started;
    const fault = await canaryFault({ port, gateway: order.gateway, token, ca: files.ca });
    if (fault === null) return { connection, started };
    connection.end();
    if (fault.answered)
      throw new Fault(
        notStarted,
        `The run was not started: a request that must be denied was not: ${fault.what}.`,
        'Every policy must deny the action tollfence.canary. See what yours says: tf explain GET https://canary.tollfence.invalid/ --gateway NAME',
      );
    if (attempts >= 20)
      throw new Fault(
        notStarted,
        `The run was not started: the proxy did not answer its first request: ${fault.what}.`,
        'See what the proxy says in run/proxy.log under TF_HOME.',
      );
    await moment();
  }
}

/** Keeps the run alive over a restart of the proxy: it comes back where it was, and the run shows itself again. */
export function hold(connection: Stream, started: Started, onTerminate: () => void): { end(): void } {
  let over = false;
  let current = connection;
  const watch = (open: Stream): void => {
    current = open;
    let stopped = false;
    open.onLine(line => {
      if (line.event === 'terminate') onTerminate();
      if (line.event === 'ending') stopped = true;
      if (line.event !== 'ended') return;
      // Its program is not ended for that: whoever wants that says so.
      over = true;
      problem(
        'The run that this one was started from has ended, and this one with it.',
        'Its requests fail from now on. Start the run again.',
      );
    });
    open.onEnd(() => {
      if (over) return;
      void reattach(stopped).catch((error: unknown) =>
        problem(
          `The proxy has gone, and this run with it: ${error instanceof Error ? error.message : 'unknown'}`,
          'Its requests fail from now on. Start the run again.',
        ),
      );
    });
  };
  const reattach = async (stopped: boolean): Promise<void> => {
    if (stopped)
      problem(
        'The proxy was stopped: the requests of this run fail until there is one again.',
        'Start one with: tf serve   (any tf run starts one, too)',
      );
    // Nor is one started from inside a run: that around this one does it.
    if (stopped || process.env.TF_RUN) while (!over && !(await answers(paths().socket))) await moment();
    if (over) return;
    const open = await persist(() => stream('POST', '/runs/attach', { supervisor: started.supervisor }, false));
    if (open.first.port !== started.port) throw new Fault(exitCode.failed, 'it had to take another port');
    watch(open);
  };
  watch(connection);
  return {
    end() {
      over = true;
      current.end();
    },
  };
}
