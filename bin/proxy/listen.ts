/** Where the proxy listens: the configured address, or the port of the proxy before it. */
import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo, Server as TcpServer } from 'node:net';
import { exitCode, Fault } from '../../src/errors.js';
import type { Door } from './succession.js';

/** A host, without brackets, and a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** What `listen` (HOST:PORT) means: for port 0 the port that the file `last` names, else 0. */
export function addressOf(listen: string, last: string): HostPort {
  const colon = listen.lastIndexOf(':');
  const port = Number(listen.slice(colon + 1));
  return {
    host: listen.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: port === 0 && existsSync(last) ? Number(readFileSync(last, 'utf8')) : port,
  };
}

/** Listens on an address, or on the socket of another server, which it takes over. Rejects as `listen` fails. */
export function listening(server: TcpServer, where: HostPort | TcpServer): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    };
    server.once('error', reject);
    if ('host' in where) server.listen({ ...where, backlog: 1024 }, done);
    else server.listen(where, done);
  });
}

/**
 * Listens on `listen` (HOST:PORT), or at a door that was opened there before. With port 0 it takes the port that the file
 * `last` names, if it is free, so that runs which outlived the last proxy find this one where that was. Throws `Fault`.
 */
export async function listenOn(
  server: TcpServer,
  listen: string,
  last: string,
  door: Door | null,
): Promise<AddressInfo> {
  if (door !== null) {
    await door.handTo(server);
    // A connection that can't be accepted (no file is left for it) is lost; those that are there go on.
    server.on('error', () => {});
    return server.address() as AddressInfo;
  }
  const wanted = addressOf(listen, last);
  try {
    return await listening(server, wanted);
  } catch (error) {
    if (!listen.endsWith(':0') || wanted.port === 0)
      throw new Fault(
        exitCode.failed,
        `The proxy can't listen on ${listen}: ${(error as Error).message}.`,
        'Choose another address with --listen, or 0 for a free port.',
      );
    return listening(server, { ...wanted, port: 0 });
  }
}
