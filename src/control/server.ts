/**
 * Control: the operator's API, HTTP and JSON over a unix socket of mode 0600. One table says which route needs whose
 * authority; refusals of authority are entries of the log.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { exitCode, Fault } from '../errors.js';
import { processOf } from '../identity/processes.js';
import type { Standing } from '../identity/standing.js';
import type { CallerCheck, Claims, Objection } from './caller.js';
import type { House } from './house.js';

/** `any`: whoever can reach the socket; `operator`: laxer. */
export type Authority = 'any' | 'operator';

/** One call, as a route sees it. */
export interface Call {
  readonly house: House;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  /** For the log: who asked, as far as is known. */
  readonly by: string;
  readonly claims: Claims;
  /** The run that the caller stands in, or null. */
  readonly inside: string | null;
  /** The same, and how that is known. */
  readonly standing: Standing | null;
  /** Throws a `Fault` (refused) unless the caller is the operator: for routes whose authority depends on the body. */
  asOperator(): void;
  /** Throws a `Fault` (refused) unless the caller provably stands outside of every run. */
  asOutsider(): void;
  /** Throws a `Fault` (refused) unless the caller has shown which process it is. */
  asItself(): void;
  /** For routes that go on answering: the raw response, to which JSON lines are written. */
  readonly response: ServerResponse;
}

/** One row of the table. What `handle` returns is the answer; undefined: it answers by itself. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `/gateways/:name` */
  readonly path: string;
  readonly authority: Authority;
  readonly handle: (call: Call) => unknown;
}

const maxBody = 16 << 20;

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBody) throw new Fault(exitCode.usage, 'The request is too large.');
    chunks.push(chunk);
  }
  if (length === 0) return {};
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new Fault(exitCode.usage, 'The request is not a JSON object.');
}

function match(path: string, template: string): Record<string, string> | null {
  const given = path.split('/');
  const wanted = template.split('/');
  if (given.length !== wanted.length) return null;
  const params: Record<string, string> = {};
  for (let i = 0; i < wanted.length; i++) {
    const segment = wanted[i]!;
    if (segment.startsWith(':')) params[segment.slice(1)] = decodeURIComponent(given[i]!);
    else if (segment !== given[i]) return null;
  }
  return params;
}

const httpStatus: Readonly<Record<number, number>> = { 1: 500, 2: 400, 3: 403, 4: 404, 5: 503, 6: 409 };

function answer(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

const header = (request: IncomingMessage, name: string): string | null => {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
};

/** Serves the table at `path`. A socket left there by a process that died is replaced. */
export function serveControl(
  path: string,
  house: House,
  check: CallerCheck,
  routes: readonly Route[],
): Promise<Server> {
  const refuse = (request: IncomingMessage, claims: Claims, objection: Objection | null): void => {
    if (objection === null) return;
    // A first attempt without anything is how a client finds out what it needs.
    if (objection.code === 'inside_run' || claims.token !== null || claims.proof !== null) {
      house.log.note({
        type: 'auth.rejected',
        run: objection.run,
        at: 'control',
        request: `${request.method} ${request.url?.split('?', 1)[0]}`,
        reason: objection.message,
      });
    }
    throw Object.assign(new Fault(exitCode.refused, objection.message, objection.next), { code: objection.code });
  };

  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '/', 'http://control');
      // As it was sent: a URL would resolve a name that is ".." away.
      const [path = '/'] = (request.url ?? '/').split('?', 1);
      const claims: Claims = {
        token: header(request, 'authorization')?.replace(/^Bearer /, '') ?? null,
        pid: processOf(Number(header(request, 'tf-pid'))) || null,
        proof: header(request, 'tf-proof'),
        ticket: header(request, 'tf-ticket'),
        run: header(request, 'tf-run'),
      };
      for (const route of routes) {
        const params = route.method === request.method ? match(path, route.path) : null;
        if (params === null) continue;
        // All of it, whoever sends it: a client that is answered while it still writes may see no answer.
        const body = await readJson(request);
        if (route.authority === 'operator') {
          refuse(request, claims, check.objection(claims));
          if (!house.log.healthy) throw unrecordable();
        }
        const standing = check.standing(claims);
        const inside = standing?.run ?? null;
        const by = inside !== null ? `run:${inside}` : `${house.owner} (pid ${claims.pid ?? 'unknown'})`;
        const result = await route.handle({
          house,
          params,
          query: url.searchParams,
          body,
          by,
          claims,
          inside,
          standing,
          response,
          asOperator: () => refuse(request, claims, check.objection(claims)),
          asOutsider: () => refuse(request, claims, check.outside(claims)),
          asItself: () => refuse(request, claims, check.unproven(claims)),
        });
        if (result !== undefined) answer(response, 200, result);
        return;
      }
      if (request.method === 'POST' && path === '/challenge') return answer(response, 200, check.challenge());
      throw new Fault(
        exitCode.missing,
        `The proxy has no ${request.method} ${path}.`,
        'Is it older than this tf? Restart it with: tf stop',
      );
    })().catch((error: unknown) => {
      if (response.headersSent) return void response.destroy();
      const fault = asFault(error);
      answer(response, httpStatus[fault.exit] ?? 500, {
        error: { message: fault.message, hint: fault.hint, exit: fault.exit, code: (fault as { code?: string }).code },
      });
    });
  });
  server.requestTimeout = 0;
  server.keepAliveTimeout = 5_000;
  rmSync(path, { force: true });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const mask = process.umask(0o177);
    server.listen(path, () => {
      chmodSync(path, 0o600);
      resolve(server);
    });
    process.umask(mask);
  });
}

/** What can't be recorded isn't done. */
const unrecordable = (): Fault =>
  new Fault(
    exitCode.failed,
    "Nothing was changed: the log can't be written.",
    'Look at the disk, then restart the proxy: tf stop',
  );

/** Any error as one for people: those of our rooms say what is wrong, others only that something is. */
function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    ['Refusal', 'VaultError'].includes(error.name)
  ) {
    const exit =
      error.code === 'missing'
        ? exitCode.missing
        : ['invalid', 'malformed_request', 'authority_mismatch'].includes(error.code)
          ? exitCode.usage
          : exitCode.failed;
    return new Fault(exit, error.message, 'hint' in error && typeof error.hint === 'string' ? error.hint : '');
  }
  if (
    error instanceof Error &&
    /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN)/.test(String((error as { code?: unknown }).code))
  )
    return new Fault(
      exitCode.failed,
      `A file of TF_HOME can't be read or written: ${error.message}.`,
      'Look at the disk, then run it again.',
    );
  return new Fault(exitCode.failed, `The proxy failed: ${error instanceof Error ? error.message : 'unknown error'}`);
}
