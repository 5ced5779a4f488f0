/** `tf serve`: the proxy in the foreground, for containers and systemd; and, with --background, what `tf run` starts. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type Config, isHostPort, notYet, parseConfig } from '../../src/config.js';
import { exitCode, Fault } from '../../src/errors.js';
import { home, paths } from '../home.js';
import { note } from '../print.js';
import { version } from '../version.js';

interface ServeOptions {
  readonly listen?: string;
  readonly background?: boolean;
  readonly connectTo: string[];
  readonly upstreamCa: string[];
}

/** `HOST:PORT:ADDR:PORT` as for curl. */
export function parseConnectTo(text: string): [string, string] {
  const match = /^(\[[^\]]+\]|[^:]+):(\d+):(\[[^\]]+\]|[^:]+):(\d+)$/.exec(text);
  const [from, to] = match === null ? ['', ''] : [`${match[1]!.toLowerCase()}:${match[2]}`, `${match[3]}:${match[4]}`];
  if (!isHostPort(from) || !isHostPort(to))
    throw new Fault(
      exitCode.usage,
      `"${text}" is not HOST:PORT:ADDRESS:PORT.`,
      'For example: --connect-to api.github.com:443:127.0.0.1:9443',
    );
  return [from, to];
}

/** The configuration of TF_HOME with what flags and variables say instead. */
function readConfig(options: Partial<ServeOptions> = {}): Config {
  const file = paths().config;
  const config = parseConfig(existsSync(file) ? readFileSync(file, 'utf8') : '', file);
  const listen = options.listen ?? process.env.TF_LISTEN ?? config.listen;
  if (!isHostPort(listen))
    throw new Fault(
      exitCode.usage,
      `"${listen}" is not HOST:PORT.`,
      'For example: 127.0.0.1:8080, or 127.0.0.1:0 for a free port.',
    );
  return {
    ...config,
    listen,
    upstream: {
      ...config.upstream,
      connect_to: {
        ...config.upstream.connect_to,
        ...Object.fromEntries((options.connectTo ?? []).map(parseConnectTo)),
      },
      ca_file: [
        ...config.upstream.ca_file.map(name => resolve(home(), name)),
        ...(options.upstreamCa ?? []).map(name => resolve(name)),
      ],
    },
  };
}

async function serve(options: ServeOptions): Promise<void> {
  const config = readConfig(options);
  const { openProxy } = await import('../proxy/open.js');
  const diagnose = (error: unknown): void =>
    note(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.on('unhandledRejection', diagnose);
  const notices = notYet(config);
  const proxy = await openProxy({ home: home(), version: version(), config, notices, diagnose }).catch(
    (error: unknown) => {
      // Two runs that start in one instant start two proxies: the second steps back, its run waits for the first.
      if (options.background === true && (error as { code?: string }).code === 'busy') process.exit(0);
      throw error;
    },
  );
  const { address, port } = proxy.listen;
  note(`tollfence ${version()}: forward proxy on ${address}:${port}, home ${home()}`);
  for (const sentence of notices) note(`warning: ${sentence}`);

  const signalled = new Promise<void>(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  await Promise.race([
    signalled,
    proxy.asked,
    ...(options.background === true ? [idle(proxy.house, config.idle)] : []),
  ]);
  note('tollfence: stopping');
  await proxy.close(options.background === true ? 1_000 : 10_000);
  process.exit(exitCode.done);
}

/** Resolves when there was no run, no request and nothing that waits for `limit` ms. */
function idle(house: { runs: { list(): unknown[] }; flights: { exchanges: number } }, limit: number): Promise<void> {
  return new Promise(resolve => {
    let since = Date.now();
    const step = Math.min(limit / 4, 5_000);
    const timer = setInterval(
      () => {
        if (house.runs.list().length > 0 || house.flights.exchanges > 0) since = Date.now();
        if (Date.now() - since < limit) return;
        clearInterval(timer);
        resolve();
      },
      Math.max(step, 10),
    );
    timer.unref();
  });
}

const collect = (value: string, list: string[]): string[] => [...list, value];

export default function register(program: Command): void {
  program
    .command('serve')
    .description('run the proxy in the foreground (containers, systemd)')
    .option('--listen <host:port>', 'address of the forward proxy; port 0 picks a free one')
    .option('--connect-to <host:port:addr:port>', 'dial another address under the same name (repeatable)', collect, [])
    .option('--upstream-ca <file>', "trust these roots besides the system's (repeatable)", collect, [])
    .option('--background', 'what tf run starts: ends by itself when idle')
    .addHelpText('after', '\nExample:\n  tf serve --listen 0.0.0.0:8080')
    .action(serve);
}
