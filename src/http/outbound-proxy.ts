/**
 * Outbound proxy: the proxy of a company, by which alone its machines reach the Internet. Every connection to an upstream
 * is a tunnel through it (CONNECT, RFC 9110 §9.3.6); TLS with the upstream goes inside, and is verified as without it.
 */
import { isIP, type Socket, connect as tcpConnect } from 'node:net';
import { type SecureContext, connect as tlsConnect } from 'node:tls';
import { Refusal } from '../errors.js';

/** The proxy of `upstream.proxy`. Only its host and port may be shown to anybody. */
export interface OutboundProxy {
  /** Whether TLS is spoken with the proxy itself. */
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** Value of Proxy-Authorization, or null. */
  readonly authorization: string | null;
}

/** The longest head of an answer, in bytes. */
const maxHead = 16 * 1024;

/** Reads `http(s)://[USER:PASSWORD@]HOST[:PORT]`, which the configuration has checked. */
export function outboundProxy(url: string): OutboundProxy {
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === 'https:';
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    secure,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    authorization: credentials === ':' ? null : `Basic ${Buffer.from(credentials).toString('base64')}`,
  };
}

/**
 * Opens a tunnel to a host, by name or address, through the proxy, which has `deadline` ms for its answer. `context` holds
 * the roots that an `https` proxy is verified with. Rejects with `Refusal` (`upstream_unreachable`, `upstream_timeout`,
 * `upstream_tls`, `upstream_protocol`).
 */
export function connectThrough(
  proxy: OutboundProxy,
  target: { readonly host: string; readonly port: number },
  context: () => SecureContext,
  deadline: number,
): Promise<Socket> {
  const name = `proxy ${proxy.host.includes(':') ? `[${proxy.host}]` : proxy.host}:${proxy.port}`;
  const to = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
  return new Promise((resolve, reject) => {
    const { host, port } = proxy;
    // Its own address may be private: the operator has named it.
    const socket = proxy.secure
      ? tlsConnect({
          host,
          port,
          ...(isIP(host) === 0 ? { servername: host } : {}),
          secureContext: context(),
          ALPNProtocols: ['http/1.1'],
          minVersion: 'TLSv1.2',
        })
      : tcpConnect({ host, port });
    const fail = (refusal: Refusal): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(refusal);
    };
    const failed = (error: NodeJS.ErrnoException): void => fail(socketRefusal(error, name));
    const closed = (): void => fail(new Refusal('upstream_unreachable', `The ${name} closed the connection.`));
    const timer = setTimeout(
      () => fail(new Refusal('upstream_timeout', `The ${name} did not open a connection to ${to} in time.`)),
      deadline,
    );
    let head: Buffer = Buffer.alloc(0);
    const read = (): void => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null)
        head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0 ? head.length >= maxHead : end > maxHead)
        return fail(new Refusal('upstream_protocol', `The ${name} sent an answer whose head is too large.`));
      if (end < 0) return;
      const refusal = answerRefusal(head, end, proxy, name, to);
      if (refusal !== null) return fail(refusal);
      clearTimeout(timer);
      socket.off('readable', read).off('error', failed).off('end', closed).off('close', closed);
      resolve(socket);
    };
    socket.setNoDelay(true);
    socket.on('readable', read).on('error', failed).once('end', closed).once('close', closed);
    socket.once(proxy.secure ? 'secureConnect' : 'connect', () => {
      const credentials = proxy.authorization === null ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`;
      socket.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n${credentials}\r\n`);
    });
  });
}

/** What is wrong with the answer to CONNECT whose head ends at `end`, or null. */
function answerRefusal(
  head: Buffer,
  end: number,
  { authorization }: OutboundProxy,
  name: string,
  to: string,
): Refusal | null {
  const status = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(head.toString('latin1', 0, end + 2))?.[1];
  if (status === undefined)
    return new Refusal('upstream_protocol', `The ${name} sent something else than an HTTP/1.1 answer.`);
  if (status === '407') {
    const wanted = authorization === null ? 'credentials' : 'other credentials than it was given';
    return new Refusal('upstream_unreachable', `The ${name} wants ${wanted} (407).`, {
      next: 'An operator must correct upstream.proxy.',
    });
  }
  if (status !== '200')
    return new Refusal('upstream_unreachable', `The ${name} answered ${status} when it was asked for ${to}.`);
  // Nobody has spoken at the other end yet: these bytes would be taken for the upstream's.
  if (head.length > end + 4)
    return new Refusal('upstream_protocol', `The ${name} sent bytes of its own into the connection to ${to}.`);
  return null;
}

function socketRefusal({ code = '' }: NodeJS.ErrnoException, name: string): Refusal {
  if (code === 'ETIMEDOUT') return new Refusal('upstream_timeout', `The ${name} did not accept a connection in time.`);
  if (/^(ECONN|E(HOST|NET)UNREACH|EADDR|ENOTFOUND|EAI_|EACCES|EMFILE|ENFILE|EPIPE)/.test(code))
    return new Refusal('upstream_unreachable', `The ${name} can't be reached (${code}).`);
  return new Refusal('upstream_tls', `The TLS connection to the ${name} failed (${code}).`, {
    next: 'An operator must check its certificate, or add its root with upstream.ca_file.',
  });
}
