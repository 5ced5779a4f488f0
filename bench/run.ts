/**
 * The benchmark: Tollfence beside a floor, Squid, mitmproxy and no proxy at all, in the same run, in turns, each on a core
 * of its own. Prints ratios only: how fast this machine is says nothing about Tollfence. How to read it: README.md.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openAuthority } from '../src/tls/authority.js';
import { bulk, events } from './bulk.js';
import { classification } from './classify.js';
import { idle } from './idle.js';
import { logCost } from './log.js';
import { mitmproxy } from './mitmproxy.js';
import { cores, endAll, message, startOwn, unfit } from './processes.js';
import { small } from './small.js';
import { squid } from './squid.js';
import { startUp } from './startup.js';
import { direct, floor, type Stage, type Target, tollfence, type Variant } from './targets.js';

const everything = 'direct,floor,squid,mitmproxy,tollfence,tollfence-batch,tollfence-bare,tollfence-2,classify';
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '4000' },
    connections: { type: 'string', default: '1,16,64' },
    fresh: { type: 'string', default: '600' },
    hosts: { type: 'string', default: '300' },
    idle: { type: 'string', default: '1000,5000' },
    entries: { type: 'string', default: '8000' },
    starts: { type: 'string', default: '20' },
    only: { type: 'string', default: everything },
    bulk: { type: 'string', default: '256' },
    events: { type: 'string', default: '250' },
    'node-flags': { type: 'string', default: '' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const usage = `npm run bench -- [--rounds 5] [--requests 4000] [--connections 1,16,64] [--fresh 600] [--hosts 300]
                 [--idle 1000,5000] [--bulk 256] [--events 250] [--entries 8000] [--starts 20]
                 [--only ${everything}]
                 [--node-flags=--cpu-prof]
--fresh and --hosts are requests over a new connection, and to a new host, each; --bulk is in MiB; --entries are of the log
alone; --starts is how often a command is started. 0 leaves a measurement out.`;

const flags = options['node-flags'].split(' ').filter(Boolean);
const variants: readonly Variant[] = [
  { name: 'tollfence', durability: 'full', credential: true, flags },
  { name: 'tollfence-batch', durability: 'batch', credential: true },
  { name: 'tollfence-bare', durability: 'full', credential: false },
  { name: 'tollfence-2', durability: 'full', credential: true, workers: 2 },
];

const rounds = Number(options.rounds);
const numbers = (list: string): number[] =>
  list
    .split(',')
    .map(Number)
    .filter(number => number > 0);
/** Requests of one round to new hosts, those before the count among them. */
const hostsEach = Number(options.hosts) + 16;

async function openTargets(stage: Stage): Promise<Target[]> {
  const port = 20_000 + (process.pid % 20_000);
  // First the floor: the others are printed against it.
  const ways: readonly (readonly [string, () => Promise<Target | string>])[] = [
    ['floor', () => floor(stage)],
    ['direct', async () => direct(stage)],
    ['squid', () => squid(stage, port)],
    ['mitmproxy', () => mitmproxy(stage, port + 1)],
    ...variants.map(variant => [variant.name, () => tollfence(stage, variant)] as const),
  ];
  const only = options.only.split(',');
  const targets: Target[] = [];
  for (const [name, open] of ways) {
    if (!only.includes(name)) continue;
    const opened = await open();
    if (typeof opened === 'string') console.log(opened);
    else targets.push(opened);
  }
  return targets;
}

async function requests(targets: readonly Target[]): Promise<void> {
  const count = Number(options.requests);
  for (const method of count > 0 ? (['GET', 'POST'] as const) : [])
    for (const connections of numbers(options.connections))
      await small(targets, {
        title: `Small ${method}, ${connections} keep-alive connection${connections === 1 ? '' : 's'}`,
        method,
        connections,
        count: connections === 1 ? Math.ceil(count / 4) : count,
        warmUp: Math.max(4 * connections, Math.ceil(count / 4)),
        rounds,
      });
  const common = { method: 'GET', connections: 16, warmUp: 16, rounds } as const;
  const fresh = Number(options.fresh);
  if (fresh > 0)
    await small(targets, {
      ...common,
      title: 'Small GET, each over a connection of its own, 16 at once',
      count: fresh,
      fresh: () => 'connection',
    });
  const hosts = Number(options.hosts);
  if (hosts > 0)
    await small(targets, {
      ...common,
      title: 'Small GET, each to a host of its own, 16 at once',
      count: hosts,
      fresh: round => ({ hostsFrom: round * hostsEach }),
    });
}

async function main(): Promise<void> {
  const why =
    unfit() ??
    (availableParallelism() < 2 ? 'The benchmark needs two cores: one for what is measured, one for the load.' : null);
  if (options.help || why !== null) return console.log(why ?? usage);
  if (options.only.split(',').includes('classify')) classification(rounds);
  if (options.only === 'classify') return;
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
    const hosts = Number(options.hosts) > 0 ? (rounds + 1) * hostsEach : 0;
    const targets = await openTargets({ dir, upstreamPort: port, upstreamAuthority, upstreamCa, hosts });
    await requests(targets);
    for (const connections of numbers(options.idle)) await idle(targets, connections);
    if (Number(options.bulk) > 0) await bulk(targets, Number(options.bulk));
    if (Number(options.events) > 0) await events(targets, Number(options.events));
    if (Number(options.entries) > 0) await logCost(dir, rounds, Number(options.entries));
    if (Number(options.starts) > 0) startUp(dir, Number(options.starts));
  } finally {
    await endAll();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

await main();
// A helper of Squid may outlive it and keep a pipe open.
process.exit();
