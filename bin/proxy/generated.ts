/** The generated tables of connectors, as files beside the program: each is read when its API is first asked. */
import { readFileSync } from 'node:fs';
import type { CatalogOptions } from '../../src/action/catalog.js';
import type { Config } from '../../src/config.js';
import type { Generated } from '../../src/model.js';

const directory = new URL('../../../connectors/generated/', import.meta.url);

/** Reads `connectors/generated/NAME.json`. Throws if there is no such file, or it is not one of ours. */
export function generated(name: string): Generated {
  return JSON.parse(readFileSync(new URL(`${name}.json`, directory), 'utf8')) as Generated;
}

/** What the catalogue of this proxy is made with. */
export function catalogOptions({ connectors }: Pick<Config, 'connectors'>): CatalogOptions {
  const hosts = Object.entries(connectors).map(([name, { hosts }]) => [name, hosts] as const);
  return { generated, hosts: Object.fromEntries(hosts) };
}
