/**
 * Loaded into every Node.js process of a run (NODE_OPTIONS=--require): makes `fetch`, `node:http` and `node:https` use the
 * proxy of the environment. Node 20 doesn't do that by itself; later ones do, if told, but in no version for an agent
 * that a library makes (stripe-node has one). Runs in any Node.js, before the program, in a process that is not ours: it
 * must be quick, and not throw.
 */
const http = require('node:http') as typeof import('node:http');
const https = require('node:https') as typeof import('node:https');

type Callback = (error: Error | null, socket?: import('node:stream').Duplex) => void;
interface Target {
  readonly host?: string | null;
  readonly port?: number | string | null;
  readonly socketPath?: string | null;
  readonly timeout?: number;
}
/** What @types/node doesn't say of agents and requests. */
interface InnerAgent {
  readonly protocol: string;
  readonly options: { readonly proxyEnv?: object };
  createConnection(options: Target, callback?: Callback): import('node:stream').Duplex | undefined;
  createSocket(...args: unknown[]): void;
  addRequest(request: InnerRequest, options: Target, ...rest: unknown[]): void;
}
interface InnerRequest {
  path: string;
  _header: string | null;
  setHeader(name: string, value: string): void;
}

function proxyFor(scheme: 'http' | 'https', { host, socketPath }: Target): URL | null {
  const { env } = process;
  const url = env[`${scheme}_proxy`] ?? env[`${scheme.toUpperCase()}_PROXY`];
  if (!url || !URL.canParse(url) || socketPath) return null;
  const name = (host ?? 'localhost').toLowerCase();
  const direct = (env.no_proxy ?? env.NO_PROXY ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);
  return direct.some(entry => entry === name || name.endsWith(`.${entry.replace(/^\*?\./, '')}`)) ? null : new URL(url);
}

const authorization = ({ username, password }: URL): string =>
  `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
const bare = (host: string): string => host.replace(/^\[|\]$/g, '');
const authority = ({ host, port }: Target, standard: number): string =>
  `${host?.includes(':') ? `[${bare(host)}]` : (host ?? 'localhost')}:${port ?? standard}`;

function tunnel(
  proxy: URL,
  target: string,
  timeout: number,
  done: (error: Error | null, socket?: import('node:net').Socket) => void,
): void {
  const net = require('node:net') as typeof import('node:net');
  const request = http.request({
    method: 'CONNECT',
    path: target,
    headers: { host: target, 'proxy-authorization': authorization(proxy) },
    // A connection of its own: an agent would come back to us.
    createConnection: () => net.connect(Number(proxy.port || 80), bare(proxy.hostname)),
  });
  request.once('connect', ({ statusCode }, socket) => {
    if (statusCode === 200) return done(null, socket);
    socket.destroy();
    done(new Error(`The proxy refused a tunnel to ${target} with status ${statusCode}.`));
  });
  request.once('error', done);
  if (timeout > 0)
    request.setTimeout(timeout, () => request.destroy(new Error(`The proxy gave no tunnel to ${target} in time.`)));
  request.end();
}

const plain = http.Agent.prototype as unknown as InnerAgent;
const secure = https.Agent.prototype as unknown as InnerAgent;
const { addRequest, createSocket, createConnection: connectPlain } = plain;
const { createConnection: connectSecure } = secure;

// https: a tunnel, then TLS in it. Agents with a createConnection of their own know what they do and are left alone.
secure.createConnection = function (options, callback) {
  const proxy = this.options?.proxyEnv || typeof callback !== 'function' ? null : proxyFor('https', options);
  if (proxy === null) return connectSecure.call(this, options, callback);
  tunnel(proxy, authority(options, 443), options.timeout ?? 0, (error, socket) => {
    if (error) return callback!(error);
    try {
      callback!(null, connectSecure.call(this, { ...options, socket } as Target));
    } catch (fault) {
      callback!(fault as Error);
    }
  });
  return undefined;
};

// http: the absolute form (RFC 9112 §3.2.2), on a connection to the proxy.
plain.addRequest = function (request, options, ...rest) {
  const usual =
    this.protocol === 'http:' && this.createSocket === createSocket && this.createConnection === connectPlain;
  const proxy = usual && !this.options?.proxyEnv ? proxyFor('http', options) : null;
  if (proxy === null) return addRequest.call(this, request, options, ...rest);
  const base = `http://${authority(options, 80).replace(/:80$/, '')}`;
  if (request._header) {
    // Given as an array, or with Expect: the head has been rendered already.
    const insert = `$1 ${base}$2\r\nProxy-Authorization: ${authorization(proxy)}\r\n`;
    request._header = request._header.replace(/^(\S+) (.*)\r\n/, insert);
  } else {
    request.path = base + request.path;
    request.setHeader('Proxy-Authorization', authorization(proxy));
  }
  addRequest.call(this, request, { ...options, host: bare(proxy.hostname), port: Number(proxy.port || 80) }, ...rest);
};

// Stands for the agent until it is used: loading undici takes long, most programs never call fetch, and Node's own undici,
// which looks for a dispatcher while it loads, can't bear another one to be loaded meanwhile.
let agent: object | undefined;
const dispatcher = new Proxy(
  {},
  {
    get(_, name) {
      if (agent === undefined) {
        const { EnvHttpProxyAgent } = require('undici') as typeof import('undici');
        agent = new EnvHttpProxyAgent({ proxyTunnel: false });
      }
      const member: unknown = Reflect.get(agent, name);
      return typeof member === 'function' ? member.bind(agent) : member;
    },
  },
);
// Where undici looks for the dispatcher of fetch: 6 and 7 (Node 20 to 24), and 8 (Node 26).
for (const symbol of [Symbol.for('undici.globalDispatcher.1'), Symbol.for('undici.globalDispatcher.2')]) {
  if (symbol in globalThis) continue;
  Object.defineProperty(globalThis, symbol, {
    value: dispatcher,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}
