/**
 * Terminate: becoming the server of a client's TLS, with a leaf for the host that it asks for. The handshake has a limit in
 * time, and its ALPN (RFC 7301) says which HTTP follows.
 */
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket, type TLSSocketOptions } from 'node:tls';
import { canonicalHost } from './target.js';

/** Called once the handshake is done, with the server name of the client, or null when it sent none. */
type Then = (secure: TLSSocket, sni: string | null) => void;

/** Terminates TLS with this certificate. A handshake that fails, or takes more than `limit` ms, closes the connection. */
export function terminate(
  socket: Socket,
  context: SecureContext | Promise<SecureContext>,
  limit: number,
  then: Then,
): void {
  const begin = (secureContext: SecureContext): void => shake(socket, { secureContext }, limit, then);
  if (context instanceof Promise) context.then(begin, () => socket.destroy());
  else begin(context);
}

/** TLS without a CONNECT shows the certificate for the server name that the client sends; without one there is no handshake. */
const nameless = createSecureContext({});

/** Terminates TLS for whatever name the client asks for, with the certificate that `contextFor` has for it. */
export function terminateNamed(
  socket: Socket,
  contextFor: (host: string) => SecureContext | Promise<SecureContext>,
  limit: number,
  then: (secure: TLSSocket, sni: string) => void,
): void {
  const SNICallback: TLSSocketOptions['SNICallback'] = (name, done) => {
    const unknown = (): void => done(new Error('The server name is not a host name.'));
    try {
      const context = contextFor(canonicalHost(name));
      if (context instanceof Promise) context.then(ready => done(null, ready), unknown);
      else done(null, context);
    } catch {
      unknown();
    }
  };
  shake(socket, { secureContext: nameless, SNICallback }, limit, (secure, sni) => {
    if (sni === null) return void secure.destroy();
    then(secure, sni);
  });
}

function shake(socket: Socket, tls: TLSSocketOptions, limit: number, then: Then): void {
  const secure = new TLSSocket(socket, { ...tls, isServer: true, ALPNProtocols: ['h2', 'http/1.1'] });
  const timer = setTimeout(() => socket.destroy(), limit);
  const drop = (): void => {
    clearTimeout(timer);
    secure.destroy();
    socket.destroy();
  };
  secure.on('error', drop);
  // Before the handshake is done, Node reports failures (a client that doesn't trust our CA) by this event alone.
  secure.on('_tlsError', drop);
  socket.once('close', drop);
  secure.once('secure', () => {
    clearTimeout(timer);
    // Only a server of Node's own takes this back, and HTTP/2 waits for it.
    (secure as unknown as { secureConnecting: boolean }).secureConnecting = false;
    const name = (secure as unknown as { servername?: string | false }).servername;
    then(secure, typeof name === 'string' && name !== '' ? name : null);
  });
}
