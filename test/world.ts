/**
 * World: what tests stand in: a TF_HOME of their own, upstreams on loopback that carry real names under a test CA, and the
 * real `tf` as a child process. Nothing of ours is mocked.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openAuthority } from '../src/tls/authority.js';

/** The built `tf`. */
export const tfProgram = fileURLToPath(new URL('../bin/tf.js', import.meta.url));

/** One request as an upstream got it. */
export interface Received {
  readonly method: string;
  readonly host: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What a command printed and how it ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds after which the command is killed; default 60 s. */
  readonly limit?: number;
}

export interface World {
  readonly dir: string;
  readonly home: string;
  /** PEM file of the CA that the upstreams' certificates are signed by. */
  readonly caFile: string;
  readonly upstreamPort: number;
  /** Every request that reached an upstream, with its whole body, in order. */
  readonly received: Received[];
  /** Runs `tf` with these arguments in this world. */
  tf(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** As {@link tf}; throws unless it ended with 0. Returns stdout. */
  ok(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Starts `tf` and leaves it running. */
  start(args: readonly string[], options?: RunOptions): ChildProcess;
  /** Stops the proxy, the upstreams and everything that was started, and removes the files. */
  close(): Promise<void>;
}

export interface WorldOptions {
  /** Names, with a port if it isn't 443, that resolve to the stand-in; default the connectors' hosts and `upstream.test`. */
  readonly hosts?: readonly string[];
  /** Answers what reached the stand-in, once its body is whole; default echoes the head as JSON. */
  readonly answer?: (request: Received, response: ServerResponse) => void;
  /** Sees the request before its body is read; true: it takes care of everything itself. */
  readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** More lines for config.yaml, at top level. */
  readonly config?: string;
}

const defaultHosts = [
  'api.github.com',
  'uploads.github.com',
  'github.com',
  'api.stripe.com',
  'slack.com',
  'api.openai.com',
  'api.anthropic.com',
  'upstream.test',
];

const echo = (request: Received, response: ServerResponse): void => {
  const body = JSON.stringify({
    method: request.method,
    host: request.host,
    target: request.target,
    headers: request.headers,
  });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(body);
};

/** Runs a program to its end. */
export function runProgram(
  program: string,
  args: readonly string[],
  { input, env, cwd, limit = 60_000 }: RunOptions = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const timer = setTimeout(() => child.kill('SIGKILL'), limit);
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const stderr = Buffer.concat(err).toString() + (signal === null ? '' : `\n(ended by ${signal})`);
      resolve({ code: code ?? -1, stdout: Buffer.concat(out).toString(), stderr });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** Makes a world. Close it when the test is over. */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'tf-world-'));
  const home = join(dir, 'home');
  mkdirSync(home, { mode: 0o700 });
  const authority = openAuthority({ dir: join(dir, 'upstream-ca'), now: Date.now, random: randomBytes });
  const caFile = join(dir, 'upstream-ca.pem');
  writeFileSync(caFile, authority.certificatePem);

  const received: Received[] = [];
  const { answer = echo, intercept } = options;
  const server = createHttpsServer(
    { SNICallback: (name, done) => done(null, authority.contextFor(name)) },
    (request, response) => {
      if (intercept?.(request, response) === true) return;
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => {});
      request.once('end', () => {
        const one: Received = {
          method: request.method ?? '',
          host: request.headers.host ?? '',
          target: request.url ?? '',
          rawHeaders: request.rawHeaders,
          headers: request.headers,
          body: Buffer.concat(chunks),
        };
        received.push(one);
        answer(one, response);
      });
    },
  );
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const upstreamPort = (server.address() as AddressInfo).port;

  const hosts = options.hosts ?? defaultHosts;
  const connectTo = hosts
    .map(host => `    "${host.includes(':') ? host : `${host}:443`}": "127.0.0.1:${upstreamPort}"`)
    .join('\n');
  writeFileSync(
    join(home, 'config.yaml'),
    `upstream:\n  ca_file: ${JSON.stringify(caFile)}\n  connect_to:\n${connectTo}\n${options.config ?? ''}`,
  );

  // XDG_CONFIG_HOME: the vault's key must not end up in the home of whoever runs the tests.
  const env = { TF_HOME: home, XDG_CONFIG_HOME: join(dir, 'config'), NO_COLOR: '1', TF_RUN: '', TF_GATEWAY: '' };
  const started = new Set<ChildProcess>();
  const world: World = {
    dir,
    home,
    caFile,
    upstreamPort,
    received,
    tf: (args, more = {}) =>
      runProgram(process.execPath, [tfProgram, ...args], { ...more, env: { ...env, ...more.env } }),
    async ok(args, more) {
      const ran = await world.tf(args, more);
      if (ran.code !== 0) throw new Error(`tf ${args.join(' ')} ended with ${ran.code}\n${ran.stdout}${ran.stderr}`);
      return ran.stdout;
    },
    start(args, more = {}) {
      const child = spawn(process.execPath, [tfProgram, ...args], {
        env: { ...process.env, ...env, ...more.env },
        ...(more.cwd === undefined ? {} : { cwd: more.cwd }),
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      started.add(child);
      child.once('exit', () => started.delete(child));
      return child;
    },
    async close() {
      for (const child of started) child.kill('SIGKILL');
      if (existsSync(join(home, 'control.sock'))) await world.tf(['stop']).catch(() => {});
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return world;
}

/** All files below a directory, with their contents. */
export function filesBelow(dir: string): { path: string; content: Buffer }[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .map(path => ({ path, content: readFileSync(path) }));
}
