/** Means: what a program of this user has at hand: processes of any descent, the control socket, other processes' environments. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const home = process.env.TF_HOME || join(homedir(), '.tollfence');
const tf = fileURLToPath(new URL('../../bin/tf.js', import.meta.url));

/** How a command ended, and the first sentence that it printed. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly said: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Nothing of the run is left in it. */
export const cleared: Environment = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  TF_HOME: home,
  XDG_CONFIG_HOME: process.env.XDG_CONFIG_HOME,
};

const sentence = (text: string): string =>
  text
    .split('\n')
    .find(line => line.trim() !== '')
    ?.replace(/^error: /, '') ?? '';

/** Runs `tf` in this environment; `detached`: as the leader of a session of its own (setsid). */
export function run(args: readonly string[], env: Environment = process.env, detached = false): Promise<Ran> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [tf, ...args], { env, detached, stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.stdin.on('error', () => {});
    child.stdin.end('sk_live_of_the_attacker\n');
    child.once('close', code => resolve({ code: code ?? -1, out, said: sentence(errors || out) }));
  });
}

/** The same from a process whose parents have ended (double fork), in a session of its own. */
export async function orphaned(args: readonly string[], env: Environment = cleared): Promise<Ran> {
  const dir = mkdtempSync(join(tmpdir(), 'tf-orphan-'));
  const script =
    '( sleep 0.2; "$@" >"$0/out" 2>"$0/err" </dev/null; echo $? >"$0/code.new"; mv "$0/code.new" "$0/code" ) &';
  const shell = spawn('setsid', ['sh', '-c', script, dir, process.execPath, tf, ...args], {
    env,
    detached: true,
    stdio: 'ignore',
  });
  await new Promise(resolve => shell.once('close', resolve));
  while (!existsSync(join(dir, 'code'))) await new Promise(resolve => setTimeout(resolve, 20));
  const [code, out, errors] = ['code', 'out', 'err'].map(name => readFileSync(join(dir, name), 'utf8'));
  rmSync(dir, { recursive: true });
  return { code: Number(code), out: out!, said: sentence(errors || out!) };
}

/** An answer of the control socket. */
export interface Answered {
  readonly status: number;
  readonly text: string;
}

/** A call on the control socket with heads of one's own choice. */
export function control(
  method: string,
  path: string,
  headers: Record<string, string>,
  body: unknown,
): Promise<Answered> {
  return new Promise(resolve => {
    const outgoing = request(
      { socketPath: join(home, 'control.sock'), method, path, headers, agent: false },
      response => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
          // An answer that goes on is a run that was started.
          if (text.includes('"token"')) response.destroy();
        });
        response.once('close', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    outgoing.once('error', error => resolve({ status: 0, text: error.message }));
    outgoing.end(JSON.stringify(body));
  });
}

/** The operator's credential, which every program of this user can read. */
export const credential = (): string => readFileSync(join(home, 'operator.key'), 'utf8').trim();

/** A call with that credential and a proof that this process holds open, and with this process id. */
export async function asOperator(method: string, path: string, body: unknown, pid = process.pid): Promise<Answered> {
  const challenge = await control('POST', '/challenge', {}, {});
  const { proof, ticket } = JSON.parse(challenge.text) as { proof: string; ticket: string };
  const file = openSync(proof, 'r');
  try {
    const heads = {
      authorization: `Bearer ${credential()}`,
      'tf-pid': String(pid),
      'tf-proof': proof,
      'tf-ticket': ticket,
    };
    return await control(method, path, heads, body);
  } finally {
    closeSync(file);
  }
}

/** What a run's environment says of it. */
export interface Pass {
  readonly pid: number;
  readonly run: string;
  readonly proxy: URL;
}

/** The passes of other runs, from the environments of their processes. */
export function others(): Pass[] {
  const found = new Map<string, Pass>();
  for (const pid of existsSync('/proc') ? readdirSync('/proc').filter(name => /^\d+$/.test(name)) : []) {
    try {
      const text = readFileSync(`/proc/${pid}/environ`, 'latin1');
      const value = (name: string): string | undefined => new RegExp(`(?:^|\\0)${name}=([^\\0]+)`).exec(text)?.[1];
      const [id, proxy, of] = [value('TF_RUN'), value('HTTPS_PROXY'), value('TF_HOME')];
      if (id !== undefined && proxy !== undefined && (of ?? home) === home && id !== process.env.TF_RUN)
        found.set(id, { pid: Number(pid), run: id, proxy: new URL(proxy) });
    } catch {
      // of somebody else
    }
  }
  return [...found.values()];
}

/** Sends a request that nobody may send with this pass; 407: the pass isn't accepted, 403: it is, and the request is denied. */
export function show(proxy: URL): Promise<{ status: number; said: string }> {
  return new Promise(resolve => {
    const pass = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    const socket = connect(Number(proxy.port), proxy.hostname);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      const detail = /"detail":\s*"([^"]*)"/.exec(text)?.[1] ?? '';
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), said: detail });
    });
    socket.write(
      [
        'GET http://canary.tollfence.invalid/ HTTP/1.1',
        'Host: canary.tollfence.invalid',
        `Proxy-Authorization: Basic ${Buffer.from(pass).toString('base64')}`,
        'Connection: close',
        '',
        '',
      ].join('\r\n'),
    );
  });
}
