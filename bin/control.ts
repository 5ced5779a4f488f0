/** The client of the control socket. Starts the background proxy if a command needs one and none runs. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { exitCode, Fault } from '../src/errors.js';
import { home, paths } from './home.js';

/** How to call. */
export interface CallOptions {
  /** False: don't start a proxy, throw a `Fault` (unreachable) instead. */
  readonly start?: boolean;
}

interface Answer {
  readonly status: number;
  readonly value: unknown;
}

const unreachable = (): Fault =>
  new Fault(
    exitCode.unreachable,
    `No proxy is running for ${home()}.`,
    'Start one with: tf serve   (tf run starts one by itself)',
  );

/** The proxy was there, and its connection closed before it answered. */
export class Unanswered extends Fault {
  constructor(why: string) {
    super(exitCode.failed, `The proxy did not answer: ${why}.`, 'See what it says in run/proxy.log under TF_HOME.');
  }
}

/** A file that shows that our process id is ours while we hold it open, and the ticket that says that we were told of it. */
interface Proof {
  readonly proof: string;
  readonly ticket: string;
}

/** Head fields that say who calls. */
function headFields(operator: boolean, shown: Proof | null): Record<string, string> {
  const fields: Record<string, string> = { 'content-type': 'application/json', 'tf-pid': String(process.pid) };
  if (process.env.TF_RUN) fields['tf-run'] = process.env.TF_RUN;
  if (operator) fields.authorization = `Bearer ${operatorToken()}`;
  if (shown !== null) Object.assign(fields, { 'tf-proof': shown.proof, 'tf-ticket': shown.ticket ?? '' });
  return fields;
}

function operatorToken(): string {
  if (process.env.TF_OPERATOR_TOKEN) return process.env.TF_OPERATOR_TOKEN;
  try {
    return readFileSync(paths().operator, 'utf8').trim();
  } catch {
    throw new Fault(
      exitCode.refused,
      "This needs the operator, whose credential can't be read.",
      `It is in ${paths().operator}; in CI, give it as TF_OPERATOR_TOKEN.`,
    );
  }
}

/** Opens a request on the socket; resolves with the response once its head is there. */
function open(
  method: string,
  path: string,
  fields: Record<string, string>,
  body: unknown,
): Promise<{ request: ClientRequest; response: IncomingMessage }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: paths().socket, method, path, headers: fields, agent: false });
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        ['ENOENT', 'ENOTDIR', 'ECONNREFUSED', 'EACCES'].includes(error.code ?? '')
          ? unreachable()
          : new Unanswered(error.message),
      );
    });
    outgoing.once('response', response => resolve({ request: outgoing, response }));
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function once(
  method: string,
  path: string,
  body: unknown,
  operator: boolean,
  proof: Proof | null,
): Promise<Answer> {
  const { response } = await open(method, path, headFields(operator, proof), body);
  return { status: response.statusCode ?? 0, value: await json(response) };
}

async function json(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8') || 'null');
}

interface Failure {
  readonly error: { readonly message: string; readonly hint: string; readonly exit: number; readonly code?: string };
}

const fault = (value: unknown): Fault => {
  const { error } = value as Failure;
  return new Fault(error.exit, error.message, error.hint);
};

const needsOperator = ({ status, value }: Answer): boolean =>
  status === 403 && (value as Failure).error.code === 'operator_required';

/** Shows that this process is the one it says it is, by holding a file open that only the proxy could name. */
async function withProof<T>(work: (proof: Proof) => Promise<T>): Promise<T> {
  const shown = (await once('POST', '/challenge', undefined, false, null)).value as Proof;
  const file = openSync(shown.proof, 'r');
  try {
    return await work(shown);
  } finally {
    closeSync(file);
  }
}

async function running(options: CallOptions): Promise<void> {
  if (options.start === false) return;
  const { ensureProxy } = await import('./daemon.js');
  await ensureProxy();
}

/** A proxy may end between the look for it and the call; it is then looked for so often. */
const attempts = 3;

/** Calls a route of the proxy and returns its answer. Shows the operator's credential if the route asks for it. */
export async function call(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    await running(options);
    try {
      return await asked(method, path, body);
    } catch (error) {
      // Nothing has reached the one that was just ending.
      const gone = error instanceof Fault && error.exit === exitCode.unreachable;
      if (!gone || options.start === false || attempt === attempts) throw error;
    }
  }
}

async function asked(method: string, path: string, body: unknown): Promise<unknown> {
  let answer = await once(method, path, body, false, null);
  if (needsOperator(answer)) answer = await withProof(proof => once(method, path, body, true, proof));
  if (answer.status >= 400) throw fault(answer.value);
  return answer.value;
}

/** A call whose answer is JSON lines for as long as the connection lives. */
export interface Stream {
  /** The first line. */
  readonly first: Record<string, unknown>;
  /** Each line behind the first one, those that came before anybody asked included. */
  onLine(fn: (line: Record<string, unknown>) => void): void;
  onEnd(fn: () => void): void;
  end(): void;
}

/** Opens such a call, with proof of who calls. `operator`: show the credential from the start. */
export async function stream(method: string, path: string, body: unknown, operator: boolean): Promise<Stream> {
  const { request: outgoing, response } = await withProof(proof =>
    open(method, path, headFields(operator, proof), body),
  );
  if ((response.statusCode ?? 0) >= 400) throw fault(await json(response));
  const waiting: Record<string, unknown>[] = [];
  let lines = (line: Record<string, unknown>): void => void waiting.push(line);
  let rest = '';
  let closed = false;
  return new Promise((resolve, reject) => {
    let started = false;
    response.setEncoding('utf8');
    const ended = new Set<() => void>();
    response.on('data', (text: string) => {
      rest += text;
      for (let at = rest.indexOf('\n'); at >= 0; at = rest.indexOf('\n')) {
        const line = JSON.parse(rest.slice(0, at)) as Record<string, unknown>;
        rest = rest.slice(at + 1);
        if (started) lines(line);
        else {
          started = true;
          resolve({
            first: line,
            onLine: fn => {
              lines = fn;
              for (const early of waiting.splice(0)) fn(early);
            },
            onEnd: fn => void (closed ? queueMicrotask(fn) : ended.add(fn)),
            end: () => outgoing.destroy(),
          });
        }
      }
    });
    const over = (): void => {
      closed = true;
      if (!started)
        reject(new Fault(exitCode.failed, 'The proxy ended before it answered.', 'See run/proxy.log under TF_HOME.'));
      for (const fn of ended) fn();
      ended.clear();
    };
    response.once('close', over);
    response.on('error', over);
    outgoing.on('error', () => {});
  });
}
