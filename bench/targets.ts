/** The targets: Tollfence, and what it stands beside. Each is started on the measured core and says how to go through it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freshHost, type Load } from './load.js';
import { cores, message, start, startOwn } from './processes.js';

/** Something that a request can go through. */
export interface Target {
  readonly name: string;
  /** The process whose tree is measured; null for the direct way. */
  readonly pid: number | null;
  readonly way: Pick<Load, 'port' | 'tunnel' | 'servername' | 'ca'>;
}

/** What every target needs to know. */
export interface Stage {
  readonly dir: string;
  readonly upstreamPort: number;
  /** Directory and PEM file of the authority that the upstream's certificate is under. */
  readonly upstreamAuthority: string;
  readonly upstreamCa: string;
  /** How many hosts there are besides the usual one, for those that ask for a new one each time. */
  readonly hosts: number;
}

/** Every host that may be asked for: all of them are the stand-in upstream. */
export const hostsOf = ({ hosts }: Stage): string[] => [host, ...Array.from({ length: hosts }, (_, n) => freshHost(n))];

/** The name under which the upstream is asked for: one that a connector serves, so that everything is exercised. */
const host = 'api.github.com';
const target = `${host}:443`;

/** No proxy. */
export const direct = (stage: Stage): Target => ({
  name: 'direct',
  pid: null,
  way: { port: stage.upstreamPort, tunnel: null, servername: host, ca: stage.upstreamCa },
});

/** The least that a proxy in Node can do. */
export async function floor(stage: Stage): Promise<Target> {
  const child = startOwn(cores.measured, 'floor.js', {
    ca: join(stage.dir, 'floor-ca'),
    upstreamCa: stage.upstreamCa,
    upstreamPort: stage.upstreamPort,
  });
  const { port, ca } = await message<{ port: number; ca: string }>(child);
  const file = join(stage.dir, 'floor-ca.pem');
  writeFileSync(file, ca);
  return {
    name: 'floor',
    pid: child.pid!,
    way: { port, tunnel: { target, authorization: null }, servername: host, ca: file },
  };
}

/** How a Tollfence is to run. */
export interface Variant {
  readonly name: string;
  /** `full`: every decision is on disk before its request leaves. */
  readonly durability: 'full' | 'batch';
  /** Whether a secret is injected and scrubbed. */
  readonly credential: boolean;
  /** For Node: `--cpu-prof` and the like. */
  readonly flags?: readonly string[];
  /** Processes that share the port. */
  readonly workers?: number;
}

const program = fileURLToPath(new URL('../bin/tf.js', import.meta.url));

const hasWorkers = (): boolean =>
  execFileSync(process.execPath, [program, 'serve', '--help'], { encoding: 'utf8' }).includes('--workers');

/** Tollfence as an operator sets it up: permissions, a secret, and a run whose token the load uses. */
export async function tollfence(
  stage: Stage,
  { name, durability, credential, flags = [], workers }: Variant,
): Promise<Target | string> {
  if (workers !== undefined && !hasWorkers()) return `${name} is left out: this version has no --workers.`;
  if (workers !== undefined && availableParallelism() < workers + 1)
    return `${name} is left out: it needs ${workers} cores besides the one of load and upstream.`;
  const home = join(stage.dir, name);
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(
    join(home, 'config.yaml'),
    [
      'upstream:',
      `  ca_file: ${stage.upstreamCa}`,
      '  connect_to:',
      ...hostsOf(stage).map(name => `    "${name}:443": "127.0.0.1:${stage.upstreamPort}"`),
      `log: {durability: ${durability}}`,
      // One gateway has all the connections here, which by default would be more than its share.
      'limits: {connections: 20000, connections_per_gateway: 20000, exchanges_per_gateway: 20000}',
      '',
    ].join('\n'),
  );
  const env = { ...process.env, TF_HOME: home, XDG_CONFIG_HOME: join(home, 'config'), TF_RUN: '', TF_GATEWAY: '' };
  const more = workers === undefined ? [] : ['--workers', String(workers)];
  const own = workers === undefined ? cores.measured : `0,2-${workers}`;
  const serving = start(own, [process.execPath, ...flags, program, 'serve', ...more], env);
  await said(serving.stderr!, /forward proxy on/);
  const tf = (args: readonly string[], input = ''): void =>
    void execFileSync(process.execPath, [program, ...args], { env, input, stdio: ['pipe', 'ignore', 'inherit'] });
  tf(['gateway', 'create', 'bench']);
  for (const action of ['github.issue.*', 'github.unclassified', 'http.get'])
    tf(['permissions', 'set', '--gateway', 'bench', '--action', action, '--effect', 'allow']);
  if (credential)
    tf(['secret', 'set', 'github-token', '--connector', 'github'], 'ghp_0123456789abcdefghijABCDEFGHIJ012345\n');
  const agent = 'console.log(process.env.HTTPS_PROXY); setInterval(() => {}, 1e6)';
  const run = start(
    cores.around,
    [process.execPath, program, 'run', '--', 'bench', process.execPath, '-e', agent],
    env,
  );
  const proxy = new URL((await said(run.stdout!, /http:\S+/))[0]);
  const authorization = `Basic ${Buffer.from(`${proxy.username}:${proxy.password}`).toString('base64')}`;
  const ca = join(home, 'root.pem');
  writeFileSync(ca, execFileSync(process.execPath, [program, 'ca', 'export'], { env }));
  return {
    name,
    pid: serving.pid!,
    way: { port: Number(proxy.port), tunnel: { target, authorization }, servername: host, ca },
  };
}

/** What a stream says, once it fits. */
const said = (stream: NodeJS.ReadableStream, pattern: RegExp): Promise<RegExpExecArray> =>
  new Promise((resolve, reject) => {
    let text = '';
    const hear = (chunk: Buffer): void => {
      text += chunk;
      const found = pattern.exec(text);
      if (found === null) return;
      stream.off('data', hear);
      resolve(found);
    };
    stream.on('data', hear);
    stream.once('end', () => reject(new Error(`A process ended before it was ready: ${text}`)));
  });
