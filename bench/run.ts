/**
 * The benchmark: Tollfence beside a floor, Squid and no proxy at all, in the same run, in turns, each on a core of its
 * own. Prints ratios only: how fast this machine is says nothing about Tollfence. How to read it: README.md.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openAuthority } from '../src/tls/authority.js';
import type { Result } from './load.js';
import { cores, cpuSeconds, endAll, message, peakMemory, resetPeak, startOwn, unfit } from './processes.js';
import { direct, floor, type Stage, squid, type Target, tollfence, type Variant } from './targets.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '4000' },
    connections: { type: 'string', default: '1,16,64' },
    only: { type: 'string', default: 'direct,floor,squid,tollfence,tollfence-batch,tollfence-bare' },
    bulk: { type: 'string', default: '256' },
    events: { type: 'string', default: '250' },
    'node-flags': { type: 'string', default: '' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const usage = `npm run bench -- [--rounds 5] [--requests 4000] [--connections 1,16,64] [--bulk 256] [--events 250]
                 [--only direct,floor,squid,tollfence,tollfence-batch,tollfence-bare] [--node-flags=--cpu-prof]
--bulk is in MiB; 0 leaves bulk, or events, or (--requests 0) the small requests out.`;

const flags = options['node-flags'].split(' ').filter(Boolean);
const variants: readonly Variant[] = [
  { name: 'tollfence', durability: 'full', credential: true, flags },
  { name: 'tollfence-batch', durability: 'batch', credential: true },
  { name: 'tollfence-bare', durability: 'full', credential: false },
];

const body = '{"title":"Found a bug","body":"It does not work.","labels":["bug"]}';
const requests = {
  GET: (host: string) =>
    `GET /repos/acme/site/issues/7 HTTP/1.1\r\nHost: ${host}\r\nAccept: application/json\r\nUser-Agent: bench\r\n\r\n`,
  POST: (host: string) =>
    `POST /repos/acme/site/issues HTTP/1.1\r\nHost: ${host}\r\nAccept: application/json\r\nUser-Agent: bench\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
} as const;

/** What one measurement of one target says; CPU in microseconds a request. */
interface Measured extends Result {
  readonly cpu: number;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const times = (value: number): string => (Number.isNaN(value) ? '–' : `${value.toFixed(2)}×`);
const row = (cells: readonly string[]): void =>
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(28) : cell.padStart(12))).join(''));

/** The host as a request through this target names it. */
const hostOf = ({ way }: Target): string => way.tunnel?.target.replace(/:443$/, '') ?? way.servername;

async function measure(
  target: Target,
  kind: keyof typeof requests,
  connections: number,
  count: number,
): Promise<Measured> {
  const warmUp = Math.max(4 * connections, Math.ceil(count / 4));
  const load = startOwn(cores.around, 'load.js', {
    ...target.way,
    connections,
    request: requests[kind](hostOf(target)),
    warmUp,
    count,
  });
  await message(load);
  const before = target.pid === null ? 0 : cpuSeconds(target.pid);
  const result = message<Result>(load);
  load.send('go');
  const { perSecond, median, p99 } = await result;
  const after = target.pid === null ? Number.NaN : cpuSeconds(target.pid);
  const measured = { perSecond, median, p99, cpu: ((after - before) / count) * 1e6 };
  // Figures of this machine, for whoever looks for a cause: not for a comparison with another one.
  if (process.env.BENCH_VERBOSE) console.error(target.name, kind, connections, measured);
  return measured;
}

/** The median, over rounds, of what a target has against what the floor has in the same round. */
const against = (rounds: readonly ReadonlyMap<string, Measured>[], name: string, figure: keyof Measured): number =>
  median(rounds.map(round => round.get(name)![figure] / (round.get('floor')?.[figure] ?? Number.NaN)));

async function small(targets: readonly Target[], kind: keyof typeof requests, connections: number): Promise<void> {
  const rounds: Map<string, Measured>[] = [];
  // A round that isn't counted, so that every target has been compiled for this work.
  for (const target of targets) await measure(target, kind, connections, Number(options.requests));
  for (let i = 0; i < Number(options.rounds); i++) {
    const round = new Map<string, Measured>();
    // The other way round every second time: what runs first must not always be the same.
    for (const target of i % 2 === 0 ? targets : targets.toReversed()) {
      const count = connections === 1 ? Math.ceil(Number(options.requests) / 4) : Number(options.requests);
      round.set(target.name, await measure(target, kind, connections, count));
    }
    rounds.push(round);
  }
  console.log(
    `\nSmall ${kind}, ${connections} keep-alive connection${connections === 1 ? '' : 's'}, against the floor`,
  );
  row(['', 'CPU/request', 'requests/s', 'median time', 'p99 time']);
  for (const { name } of targets)
    row([
      name,
      ...(['cpu', 'perSecond', 'median', 'p99'] as const).map(figure => times(against(rounds, name, figure))),
    ]);
}

interface Streamed {
  readonly seconds: number;
  readonly delays: readonly number[];
}

/** A target that can't do it (Squid cuts a long upload off) has no figure, and the others still have theirs. */
const stream = (target: Target, kind: 'download' | 'upload' | 'events', amount: number): Promise<Streamed> =>
  message<Streamed>(startOwn(cores.around, 'streams.js', { ...target.way, kind, amount })).catch(() => ({
    seconds: Number.NaN,
    delays: [],
  }));

async function bulk(targets: readonly Target[], mebibytes: number): Promise<void> {
  console.log(`\n${mebibytes} MiB through one connection, against the floor`);
  row(['', 'download/s', 'upload/s', 'peak memory']);
  const seconds = new Map<string, readonly [number, number]>();
  for (const target of targets) {
    if (target.pid !== null) resetPeak(target.pid);
    const pair = [
      (await stream(target, 'download', mebibytes << 20)).seconds,
      (await stream(target, 'upload', mebibytes << 20)).seconds,
    ] as const;
    seconds.set(target.name, pair);
    const base = seconds.get('floor') ?? [Number.NaN, Number.NaN];
    row([
      target.name,
      times(base[0] / pair[0]),
      times(base[1] / pair[1]),
      target.pid === null ? '–' : `${peakMemory(target.pid).toFixed(0)} MiB`,
    ]);
  }
}

async function events(targets: readonly Target[], count: number): Promise<void> {
  console.log(`\n${count} server-sent events, delay from write to arrival, against the floor`);
  row(['', 'median', 'p99']);
  const delays = new Map<string, readonly number[]>();
  for (const target of targets)
    delays.set(
      target.name,
      [...(await stream(target, 'events', count)).delays].sort((a, b) => a - b),
    );
  const at = (name: string, share: number): number => delays.get(name)?.[Math.floor(share * (count - 1))] ?? Number.NaN;
  for (const { name } of targets) row([name, ...[0.5, 0.99].map(share => times(at(name, share) / at('floor', share)))]);
}

async function openTargets(stage: Stage): Promise<Target[]> {
  const only = options.only.split(',');
  const targets: Target[] = [];
  // First the floor: the others are printed against it.
  if (only.includes('floor')) targets.push(await floor(stage));
  if (only.includes('direct')) targets.push(direct(stage));
  if (only.includes('squid')) {
    const opened = await squid(stage, 20_000 + (process.pid % 20_000));
    if (typeof opened === 'string') console.log(opened);
    else targets.push(opened);
  }
  for (const variant of variants) if (only.includes(variant.name)) targets.push(await tollfence(stage, variant));
  return targets;
}

async function main(): Promise<void> {
  const why =
    unfit() ??
    (availableParallelism() < 2 ? 'The benchmark needs two cores: one for what is measured, one for the load.' : null);
  if (options.help || why !== null) return console.log(why ?? usage);
  const dir = mkdtempSync(join(tmpdir(), 'tf-bench-'));
  try {
    const upstreamAuthority = join(dir, 'upstream-ca');
    mkdirSync(upstreamAuthority, { mode: 0o700 });
    const upstreamCa = join(dir, 'upstream-ca.pem');
    writeFileSync(
      upstreamCa,
      openAuthority({ dir: upstreamAuthority, now: Date.now, random: randomBytes }).certificatePem,
    );
    const { port } = await message<{ port: number }>(startOwn(cores.around, 'upstream.js', { ca: upstreamAuthority }));
    const targets = await openTargets({ dir, upstreamPort: port, upstreamAuthority, upstreamCa });
    if (Number(options.requests) > 0) {
      for (const kind of ['GET', 'POST'] as const)
        for (const connections of options.connections.split(',')) await small(targets, kind, Number(connections));
    }
    if (Number(options.bulk) > 0) await bulk(targets, Number(options.bulk));
    if (Number(options.events) > 0) await events(targets, Number(options.events));
  } finally {
    await endAll();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

await main();
// A helper of Squid may outlive it and keep a pipe open.
process.exit();
