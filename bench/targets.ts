/** The targets: Tollfence, and what it stands beside. Each is started on the measured core and says how to go through it. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Load } from './load.js';
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
}

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
}

/** Tollfence as an operator sets it up: permissions, a secret, and a run whose token the load uses. */
export async function tollfence(stage: Stage, { name, durability, credential, flags = [] }: Variant): Promise<Target> {
  const home = join(stage.dir, name);
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(
    join(home, 'config.yaml'),
    `upstream:\n  ca_file: ${stage.upstreamCa}\n  connect_to: {"${target}": "127.0.0.1:${stage.upstreamPort}"}\nlog: {durability: ${durability}}\n`,
  );
  const env = { ...process.env, TF_HOME: home, XDG_CONFIG_HOME: join(home, 'config'), TF_RUN: '', TF_GATEWAY: '' };
  const program = fileURLToPath(new URL('../bin/tf.js', import.meta.url));
  const serving = start(cores.measured, [process.execPath, ...flags, program, 'serve'], env);
  await said(serving.stderr!, /forward proxy on/);
  const tf = (args: readonly string[], input = ''): void =>
    void execFileSync(process.execPath, [program, ...args], { env, input, stdio: ['pipe', 'ignore', 'inherit'] });
  tf(['gateway', 'create', 'bench']);
  for (const action of ['github.issue.*', 'github.unclassified'])
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

const certgen = '/usr/lib/squid/security_file_certgen';

/** Squid with TLS interception (Debian's squid-openssl); a sentence if it isn't installed. */
export async function squid(stage: Stage, port: number): Promise<Target | string> {
  if (!existsSync('/usr/sbin/squid') || !existsSync(certgen))
    return 'squid is left out: it is not installed (apt install squid-openssl).';
  const dir = join(stage.dir, 'squid');
  mkdirSync(dir);
  // Started by root, squid becomes the user "proxy".
  chmodSync(stage.dir, 0o755);
  chmodSync(dir, 0o777);
  const ca = join(dir, 'ca.pem');
  const subject = [
    '-subj',
    '/CN=bench',
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign',
  ];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      ca,
      '-out',
      `${ca}.crt`,
      '-days',
      '2',
      ...subject,
    ],
    { stdio: 'ignore' },
  );
  writeFileSync(ca, readFileSync(`${ca}.crt`), { flag: 'a' });
  const upstreamCa = join(dir, 'upstream.pem');
  writeFileSync(upstreamCa, readFileSync(stage.upstreamCa));
  writeFileSync(join(dir, 'hosts'), `127.0.0.1 ${host}\n`);
  writeFileSync(
    join(dir, 'squid.conf'),
    `
    http_port 127.0.0.1:${port} ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=4MB tls-cert=${ca}
    sslcrtd_program ${certgen} -s ${dir}/certificates -M 4MB
    sslcrtd_children 1 startup=1
    tls_outgoing_options cafile=${upstreamCa}
    ssl_bump bump all
    http_access allow all
    hosts_file ${dir}/hosts
    cache deny all
    access_log none
    cache_log ${dir}/cache.log
    pid_filename ${dir}/squid.pid
    shutdown_lifetime 0 seconds
    visible_hostname bench
  `.replaceAll(/^ +/gm, ''),
  );
  for (const file of [ca, `${ca}.crt`, upstreamCa, join(dir, 'hosts'), join(dir, 'squid.conf')]) chmodSync(file, 0o644);
  execFileSync(certgen, ['-c', '-s', join(dir, 'certificates'), '-M', '4MB'], { stdio: 'ignore' });
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', 'proxy', dir]);
  const child = start(cores.measured, ['/usr/sbin/squid', '-N', '-f', join(dir, 'squid.conf')]);
  if (!(await listening(port))) return `squid is left out: it did not start (see ${dir}/cache.log).`;
  const tunnel = { target: `${host}:${stage.upstreamPort}`, authorization: null };
  return { name: 'squid', pid: child.pid!, way: { port, tunnel, servername: host, ca: `${ca}.crt` } };
}

async function listening(port: number): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const open = await new Promise<boolean>(resolve => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return true;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  return false;
}
