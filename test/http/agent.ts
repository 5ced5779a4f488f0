/** Agent: a run that only waits, and raw connections through its proxy: what a hostile program behind the gate can do. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { World } from '../world.js';

/** A waiting run, and what it was given. */
export interface Agent {
  readonly child: ChildProcess;
  readonly env: Readonly<Record<string, string>>;
  readonly port: number;
  readonly token: string;
  /** Value for Proxy-Authorization. */
  readonly authorization: string;
  /** PEM of the CA that the run trusts. */
  readonly ca: Buffer;
  /** Ends the run, and waits for it. */
  end(): Promise<void>;
}

/** Starts a run under this gateway that prints its environment and waits. */
export async function startAgent(world: World, gateway: string, options: readonly string[] = []): Promise<Agent> {
  const program =
    'process.stdout.write(JSON.stringify(process.env) + "\\n"); process.stdin.resume(); process.stdin.on("end", () => process.exit(0))';
  const child = world.start(['run', '--name', gateway, ...options, '--', process.execPath, '-e', program]);
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()));
  let errors = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const text = await new Promise<string>((resolve, reject) => {
    let seen = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.includes('\n')) resolve(seen.slice(0, seen.indexOf('\n')));
    });
    child.once('exit', code => reject(new Error(`The run ended with ${code}: ${errors}`)));
  });
  const env = JSON.parse(text) as Record<string, string>;
  const proxy = new URL(env.HTTPS_PROXY!);
  return {
    child,
    env,
    port: Number(proxy.port),
    token: decodeURIComponent(proxy.password),
    authorization: `Basic ${Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString('base64')}`,
    ca: readFileSync(env.SSL_CERT_FILE!),
    end() {
      child.stdin!.end();
      return exited;
    },
  };
}

/** An answer as text. */
export interface RawAnswer {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Reads one answer. A body ends by its length, its last chunk, or with the connection. */
export function readAnswer(socket: Socket): Promise<RawAnswer> {
  return new Promise(resolve => {
    let text = '';
    const look = (ended: boolean): void => {
      const split = text.indexOf('\r\n\r\n');
      if (split < 0 && !ended) return;
      const head = split < 0 ? text : text.slice(0, split);
      const body = split < 0 ? '' : text.slice(split + 4);
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
      const chunked = /\r\ntransfer-encoding: *chunked/i.test(head);
      const whole = length !== undefined ? body.length >= Number(length) : chunked && body.endsWith('0\r\n\r\n');
      if (!whole && !ended) return;
      socket.off('data', take).off('close', close);
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head, body });
    };
    const take = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      look(false);
    };
    const close = (): void => look(true);
    socket.on('data', take).once('close', close);
  });
}

/** How to open a tunnel. */
export interface TunnelOptions {
  readonly connect?: string;
  /** Header lines of the CONNECT besides Proxy-Authorization. */
  readonly lines?: readonly string[];
  readonly sni?: string;
  /** What the client offers besides; nothing by default. */
  readonly alpn?: readonly string[];
}

/** CONNECT; resolves with the bare socket, or with what was answered instead of 200. */
export async function openTunnel(
  agent: Agent,
  { connect: target = 'api.github.com:443', lines = [`Host: ${target}`] }: TunnelOptions = {},
): Promise<Socket | RawAnswer> {
  const socket = connect({ host: '127.0.0.1', port: agent.port });
  socket.on('error', () => {});
  const answer = new Promise<Socket | RawAnswer>(resolve => {
    socket.once('data', (first: Buffer) => {
      if (/^HTTP\/1\.1 200 [^\r]*\r\n\r\n$/.test(first.toString('latin1'))) return resolve(socket);
      socket.pause();
      socket.unshift(first);
      resolve(readAnswer(socket));
      socket.resume();
    });
    socket.once('close', () => resolve({ status: 0, head: '', body: '' }));
  });
  socket.write(
    [`CONNECT ${target} HTTP/1.1`, ...lines, `Proxy-Authorization: ${agent.authorization}`, '', ''].join('\r\n'),
  );
  return answer;
}

/** CONNECT and TLS; throws if the tunnel is refused. */
export async function openTls(agent: Agent, options: TunnelOptions = {}): Promise<Socket> {
  const raw = await openTunnel(agent, options);
  if ('status' in raw) throw new Error(`The tunnel was refused: ${raw.head}`);
  const servername = options.sni ?? (options.connect ?? 'api.github.com').replace(/:\d+$/, '');
  const secure = tlsConnect({
    socket: raw,
    servername,
    ca: agent.ca,
    checkServerIdentity: () => undefined,
    ...(options.alpn === undefined ? {} : { ALPNProtocols: [...options.alpn] }),
  });
  secure.on('error', () => {});
  await new Promise((resolve, reject) => {
    secure.once('secureConnect', resolve);
    secure.once('close', () => reject(new Error('The connection was closed during the handshake.')));
  });
  return secure;
}

/** Sends these bytes through a tunnel of their own and returns the first answer. */
export async function send(agent: Agent, bytes: string | Buffer, options: TunnelOptions = {}): Promise<RawAnswer> {
  const socket = await openTls(agent, options);
  const answer = readAnswer(socket);
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  const result = await answer;
  socket.destroy();
  return result;
}
