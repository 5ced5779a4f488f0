/** The option --connect-to, for `tf serve` and `tf run`. */
import { isHostPort } from '../src/config/address.js';
import { exitCode, Fault } from '../src/errors.js';

/** `HOST:PORT:ADDR:PORT` as for curl. Throws `Fault`. */
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
