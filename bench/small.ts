/** Small requests: over connections that are kept, over a new one each, and each to a host that was never asked for. */
import type { Load, Result } from './load.js';
import { cores, cpuSeconds, message, startOwn } from './processes.js';
import { median, row, times } from './table.js';
import type { Target } from './targets.js';

const body = '{"title":"Found a bug","body":"It does not work.","labels":["bug"]}';
const requests = {
  GET: (host: string) =>
    `GET /repos/acme/site/issues/7 HTTP/1.1\r\nHost: ${host}\r\nAccept: application/json\r\nUser-Agent: bench\r\n\r\n`,
  POST: (host: string) =>
    `POST /repos/acme/site/issues HTTP/1.1\r\nHost: ${host}\r\nAccept: application/json\r\nUser-Agent: bench\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
} as const;

/** What is to be measured. */
export interface Small {
  readonly title: string;
  readonly method: keyof typeof requests;
  readonly connections: number;
  readonly count: number;
  /** Requests before those that count. */
  readonly warmUp: number;
  readonly rounds: number;
  /** The load of one round; the round that isn't counted is 0. */
  fresh?(round: number): NonNullable<Load['fresh']>;
}

/** What one measurement of one target says; CPU in microseconds a request. */
interface Measured extends Result {
  readonly cpu: number;
}

/** The host as a request through this target names it. */
const hostOf = ({ way }: Target): string => way.tunnel?.target.replace(/:443$/, '') ?? way.servername;

async function measure(target: Target, small: Small, round: number): Promise<Measured> {
  const { connections, count, warmUp } = small;
  const fresh = small.fresh?.(round);
  const load = startOwn(cores.around, 'load.js', {
    ...target.way,
    connections,
    request: requests[small.method](hostOf(target)),
    warmUp,
    count,
    ...(fresh === undefined ? {} : { fresh }),
  } satisfies Load);
  await message(load);
  const before = target.pid === null ? 0 : cpuSeconds(target.pid);
  const result = message<Result>(load);
  load.send('go');
  const { perSecond, median, p99 } = await result;
  const after = target.pid === null ? Number.NaN : cpuSeconds(target.pid);
  const measured = { perSecond, median, p99, cpu: ((after - before) / count) * 1e6 };
  // Figures of this machine, for whoever looks for a cause: not for a comparison with another one.
  if (process.env.BENCH_VERBOSE) console.error(target.name, small.title, measured);
  return measured;
}

/** The median, over rounds, of what a target has against what the floor has in the same round. */
const against = (rounds: readonly ReadonlyMap<string, Measured>[], name: string, figure: keyof Measured): number =>
  median(rounds.map(round => round.get(name)![figure] / (round.get('floor')?.[figure] ?? Number.NaN)));

/** Measures all targets in turns and prints their medians. */
export async function small(targets: readonly Target[], what: Small): Promise<void> {
  const rounds: Map<string, Measured>[] = [];
  // A round that isn't counted, so that every target has been compiled for this work.
  for (const target of targets) await measure(target, what, 0);
  for (let i = 0; i < what.rounds; i++) {
    const round = new Map<string, Measured>();
    // The other way round every second time: what runs first must not always be the same.
    for (const target of i % 2 === 0 ? targets : targets.toReversed())
      round.set(target.name, await measure(target, what, i + 1));
    rounds.push(round);
  }
  console.log(`\n${what.title}, against the floor`);
  row(['', 'CPU/request', 'requests/s', 'median time', 'p99 time']);
  for (const { name } of targets)
    row([
      name,
      ...(['cpu', 'perSecond', 'median', 'p99'] as const).map(figure => times(against(rounds, name, figure))),
    ]);
}
