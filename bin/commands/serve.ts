/** `tf serve`: the proxy in the foreground, for containers and systemd; and, with --background, what `tf run` starts. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { isHostPort, isProxyUrl } from '../../src/config/address.js';
import { parseDuration } from '../../src/config/duration.js';
import { type Config, noticesOf, parseConfig } from '../../src/config.js';
import { exitCode, Fault } from '../../src/errors.js';
import { parseConnectTo } from '../connect-to.js';
import { call } from '../control.js';
import { home, paths } from '../home.js';
import { note } from '../print.js';
import { version } from '../version.js';

interface ServeOptions {
  readonly listen?: string;
  readonly workers?: string;
  readonly drain?: string;
  readonly background?: boolean;
  readonly connectTo: string[];
  readonly upstreamCa: string[];
}

/** The configuration of TF_HOME with what flags and variables say instead. */
function readConfig(options: Partial<ServeOptions> = {}): Config {
  const file = paths().config;
  const config = parseConfig(existsSync(file) ? readFileSync(file, 'utf8') : '', file);
  const listen = options.listen ?? process.env.TF_LISTEN ?? config.listen;
  const proxy = process.env.TF_UPSTREAM_PROXY || config.upstream.proxy;
  if (!isHostPort(listen))
    throw new Fault(
      exitCode.usage,
      `"${listen}" is not HOST:PORT.`,
      'For example: 127.0.0.1:8080, or 127.0.0.1:0 for a free port.',
    );
  if (proxy !== undefined && !isProxyUrl(proxy))
    throw new Fault(
      exitCode.usage,
      'TF_UPSTREAM_PROXY is not the URL of an HTTP proxy.',
      'For example: http://proxy.corp:3128, or https://USER:PASSWORD@proxy.corp:3129',
    );
  const drain = options.drain === undefined ? config.drain : parseDuration(options.drain);
  if (drain === null)
    throw new Fault(exitCode.usage, `"${options.drain}" is not a duration.`, 'For example: --drain 30s');
  const workers = options.workers === undefined ? config.workers : Number(options.workers);
  if (!Number.isInteger(workers) || workers < 1 || workers > 64)
    throw new Fault(exitCode.usage, `--workers is a number from 1 to 64, not "${options.workers}".`);
  return {
    ...config,
    listen,
    drain,
    workers,
    upstream: {
      ...config.upstream,
      proxy,
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
  const notices = noticesOf(config);
  const background = options.background === true;
  const waits = background ? async () => false : patience(config.drain + settling);
  const proxy = await openProxy({ home: home(), version: version(), config, notices, waits, diagnose }).catch(
    (error: unknown) => {
      // Two runs that start in one instant start two proxies: the second steps back, its run waits for the first.
      if (background && (error as { code?: string }).code === 'busy') process.exit(0);
      throw error;
    },
  );
  const { address, port } = proxy.listen;
  note(`tollfence ${version()}: forward proxy on ${address}:${port}, home ${home()}`);
  for (const sentence of notices) note(`warning: ${sentence}`);

  const signals = signalled();
  await Promise.race([signals.first, proxy.asked, ...(background ? [idle(proxy.house, config.idle)] : [])]);
  note('tollfence: stopping');
  await proxy.close(background ? Math.min(config.drain, 1_000) : config.drain, signals.second);
  process.exit(exitCode.done);
}

/** Resolve at the first and at the second signal to end. */
function signalled(): { readonly first: Promise<void>; readonly second: Promise<void> } {
  let came = [(): void => {}, (): void => {}];
  const [first, second] = [0, 1].map(n => new Promise<void>(resolve => came.splice(n, 1, resolve)));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => {
      came[0]?.();
      came = came.slice(1);
    });
  return { first: first!, second: second! };
}

/** How long a proxy takes to close everything once its requests have ended, at most, in milliseconds. */
const settling = 10_000;

/** Says, again and again, whether the proxy that runs is ending; for `limit` ms, then no more. */
function patience(limit: number): () => Promise<boolean> {
  let until = Date.now() + settling;
  let known = false;
  return async () => {
    if (known) return Date.now() < until;
    const answer = (await call('GET', '/status', undefined, { start: false }).catch(() => null)) as {
      readonly proxy: { readonly pid: number; readonly draining?: boolean };
    } | null;
    // Nobody answers: it is just starting, or has all but ended.
    if (answer === null) return Date.now() < until;
    if (answer.proxy.draining !== true) return false;
    known = true;
    until = Date.now() + limit;
    note(`tollfence: waiting for the proxy before this one (pid ${answer.proxy.pid}), which lets its requests end`);
    return true;
  };
}

/** Resolves when there was no run, no grant, nothing deferred, nothing to be said and no request for `limit` ms. */
function idle(
  house: {
    runs: { list(): { readonly stored: { readonly id: string } }[] };
    notify: { owns(run: string): boolean; readonly exchanges: number; readonly waiting: number };
    grants: { list(): { readonly state: string }[] };
    deferrals: { readonly waiting: number };
    flights: { exchanges: number };
  },
  limit: number,
): Promise<void> {
  return new Promise(resolve => {
    let since = Date.now();
    const step = Math.min(limit / 4, 5_000);
    const timer = setInterval(
      () => {
        const granted = house.grants.list().some(({ state }) => state === 'live');
        const due = house.deferrals.waiting > 0 || house.notify.waiting > 0;
        const busy = house.runs.list().some(({ stored }) => !house.notify.owns(stored.id));
        if (busy || granted || due || house.flights.exchanges > house.notify.exchanges) since = Date.now();
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
    .option('--workers <n>', 'processes that carry requests (1)')
    .option('--drain <time>', 'at the end, how long requests in flight may take (30s); a second signal cuts it short')
    .option('--background', 'what tf run starts: ends by itself when idle')
    .addHelpText('after', '\nExample:\n  tf serve --listen 0.0.0.0:8080')
    .action(serve);
}
