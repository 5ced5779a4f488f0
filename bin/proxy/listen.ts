/** Where the proxy listens: the configured address, or the port of the proxy before it. */
import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo, Server as TcpServer } from 'node:net';
import { exitCode, Fault } from '../../src/errors.js';

const hostPort = (text: string): { host: string; port: number } => {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
};

/**
 * Listens on `listen` (HOST:PORT). With port 0 it takes the port that the file `last` names, if it is free, so that runs
 * which outlived the last proxy find this one where that was. Throws `Fault`.
 */
export async function listenOn(server: TcpServer, listen: string, last: string): Promise<AddressInfo> {
  const wanted = hostPort(listen);
  const before = wanted.port === 0 && existsSync(last) ? Number(readFileSync(last, 'utf8')) : 0;
  const attempt = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: wanted.host, port, backlog: 1024 }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  try {
    await attempt(wanted.port || before);
  } catch (error) {
    if (wanted.port !== 0 || before === 0)
      throw new Fault(
        exitCode.failed,
        `The proxy can't listen on ${listen}: ${(error as Error).message}.`,
        'Choose another address with --listen, or 0 for a free port.',
      );
    await attempt(0);
  }
  return server.address() as AddressInfo;
}
