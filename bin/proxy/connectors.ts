/**
 * The connectors of an installation: those that come with Tollfence, and the operator's own, which `tf connector import`
 * writes to TF_HOME/connectors. A file there that can't be used stops the start: what it describes must not turn generic.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { connectors as shipped } from '../../connectors/index.js';
import { type Catalog, openCatalog } from '../../src/action/catalog.js';
import { type OwnConnector, readOwn } from '../../src/action/own.js';
import type { Config } from '../../src/config.js';
import { exitCode, Fault } from '../../src/errors.js';
import type { Connector } from '../../src/model.js';
import { catalogOptions } from './generated.js';

const directory = (home: string): string => join(home, 'connectors');

/** The file of an own connector. */
export const ownFile = (home: string, name: string): string => join(directory(home), `${name}.yaml`);

/** Reads the text of a connector file. Throws a `Fault` (usage) with everything that is wrong with it; `source` names it. */
export function parseOwn(text: string, source: string): OwnConnector {
  const document = parseDocument(text, { uniqueKeys: true });
  const faults = document.errors.map(error => error.message.split('\n', 1)[0]!.replace(/:$/, ''));
  const content = faults.length > 0 ? undefined : plain(document);
  if (faults.length === 0 && content === undefined) faults.push('its aliases stand for more than a connector can be');
  const read = faults.length > 0 ? { faults } : readOwn(content);
  if ('connector' in read) return read;
  throw new Fault(
    exitCode.usage,
    `${source} can't be used:\n${read.faults.map(fault => `  ${fault}`).join('\n')}`,
    'docs/connectors.md says how such a file is written.',
  );
}

/** Aliases of a document are resolved only here; undefined if one leads back to itself, or all of them are too much. */
function plain(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return JSON.parse(JSON.stringify(document.toJS()));
  } catch {
    return undefined;
  }
}

function readOne(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Fault(exitCode.failed, `${file} can't be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** The operator's own connectors, by name. Throws a `Fault` that says what is wrong with any of them. */
export function ownConnectors(home: string): readonly OwnConnector[] {
  let names: string[];
  try {
    // Names with a dot in front are an editor's own: links that lead nowhere, copies of before.
    names = readdirSync(directory(home)).filter(name => /^[^.].*\.(?:yaml|yml|json)$/.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new Fault(exitCode.failed, `${directory(home)} can't be read (${(error as NodeJS.ErrnoException).code}).`);
  }
  return names.sort().map(name => {
    const file = join(directory(home), name);
    const own = parseOwn(readOne(file), file);
    // It would be given the secrets that are for that one, and what is allowed to it.
    if (shipped.some(one => one.name === own.connector.name))
      throw new Fault(
        exitCode.usage,
        `${file} can't be used: a connector ${own.connector.name} comes with Tollfence.`,
        'Give it another name; hosts of your own for one that has them are named in config.yaml (docs/connectors.md).',
      );
    return own;
  });
}

/** Every connector of an installation. Throws as {@link ownConnectors} does. */
export const allConnectors = (home: string): readonly Connector[] => [
  ...shipped,
  ...ownConnectors(home).map(({ connector }) => connector),
];

/** A catalogue that can be opened anew while it is asked. */
export interface LiveCatalog extends Catalog {
  /** Reads the operator's own connectors again. Throws a `Fault`; then all stays as it was. */
  reload(): void;
}

/** Opens the catalogue of an installation. Throws a `Fault` that says what is wrong with the operator's own connectors. */
export function openInstalled(home: string, config: Pick<Config, 'connectors'>): LiveCatalog {
  const options = catalogOptions(config);
  const open = (): Catalog => {
    const own = ownConnectors(home).map(({ connector }) => connector);
    // What was shipped is checked when it is made; what is the operator's own is checked here, to its last row.
    if (own.length > 0) openCatalog(own, { whole: true });
    return openCatalog([...shipped, ...own], options);
  };
  let current = open();
  return {
    classify: request => current.classify(request),
    forHost: (host, port) => current.forHost(host, port),
    find: name => current.find(name),
    hosts: name => current.hosts(name),
    list: () => current.list(),
    reload() {
      current = open();
    },
  };
}
