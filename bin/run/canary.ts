/** Canary: before the child starts, one request goes the way that all of its requests will go, and must be denied. */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';

/** A host that nobody may reach, reserved by RFC 6761; the default policy denies it whatever an operator allows. */
const canaryHost = 'canary.tollfence.invalid';

const patience = 10_000;

/** Where the gate is and how to pass it. */
export interface Gate {
  readonly port: number;
  readonly gateway: string;
  readonly token: string;
  /** Our root, PEM file. */
  readonly ca: string;
}

function tunnel({ port, gateway, token }: Gate): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const opening = request({
      host: '127.0.0.1',
      port,
      method: 'CONNECT',
      path: `${canaryHost}:443`,
      agent: false,
      headers: {
        host: `${canaryHost}:443`,
        'proxy-authorization': `Basic ${Buffer.from(`${gateway}:${token}`).toString('base64')}`,
      },
    });
    opening.once('connect', (response, socket) =>
      response.statusCode === 200
        ? resolve(socket)
        : reject(new Error(`the proxy refused the tunnel (${response.statusCode})`)),
    );
    opening.once('error', reject);
    opening.setTimeout(patience, () => opening.destroy(new Error('the proxy did not answer')));
    opening.end();
  });
}

/** What happened instead of a denial; `answered`: false if the proxy was not there to say anything. */
export interface CanaryFault {
  readonly answered: boolean;
  readonly what: string;
}

const silent = (what: string): CanaryFault => ({ answered: false, what });

/** Null if the canary was denied as it must be; otherwise what happened instead. */
export async function canaryFault(gate: Gate): Promise<CanaryFault | null> {
  try {
    const socket = await tunnel(gate);
    const secure = tlsConnect({ socket, servername: canaryHost, ca: readFileSync(gate.ca) });
    return await new Promise<CanaryFault | null>((resolve, reject) => {
      secure.once('error', reject);
      secure.setTimeout(patience, () => secure.destroy(new Error('the proxy did not answer')));
      let text = '';
      secure.setEncoding('latin1');
      secure.on('data', (chunk: string) => {
        text += chunk;
        if (!text.includes('\r\n\r\n')) return;
        const denied = /^HTTP\/1\.1 403 /.test(text) && /\r\ntf-decision: deny\r\n/i.test(text);
        const status = text.split('\r\n', 1)[0];
        resolve(denied ? null : { answered: true, what: `it was answered with "${status}" instead of a denial` });
        secure.destroy();
      });
      secure.once('close', () => resolve(silent('the connection was closed without an answer')));
      secure.write(`GET / HTTP/1.1\r\nHost: ${canaryHost}\r\nConnection: close\r\n\r\n`);
    });
  } catch (error) {
    return silent(error instanceof Error ? error.message : 'unknown');
  }
}
