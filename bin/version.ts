/** The version of this installation. */
import { existsSync, readFileSync } from 'node:fs';

/** As package.json says. */
export function version(): string {
  const file = ['../../package.json', '../package.json']
    .map(path => new URL(path, import.meta.url))
    .find(url => existsSync(url));
  return file === undefined ? 'unknown' : (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
