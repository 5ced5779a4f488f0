/** The examples of connectors, run: those that come with Tollfence, and those in the operator's own files. */
import { exitCode, Fault } from '../../src/errors.js';
import { home } from '../home.js';

/** How one connector's examples did. */
export interface Checked {
  readonly name: string;
  readonly examples: number;
  /** Sentences, one for each example that isn't what it should be. */
  readonly faults: readonly string[];
}

/** Runs the examples of one connector, or of all. Throws a `Fault`: missing, or what is wrong with a connector. */
export async function checkConnectors(name?: string): Promise<readonly Checked[]> {
  const { exampleHosts, examples } = await import('../../connectors/examples/index.js');
  const { connectors } = await import('../../connectors/index.js');
  const { openCatalog } = await import('../../src/action/catalog.js');
  const { checkExamples, readExamples } = await import('../../src/action/examples.js');
  const { ownConnectors } = await import('../proxy/connectors.js');
  const { generated } = await import('../proxy/generated.js');
  const own = ownConnectors(home());
  const texts = new Map([
    ...Object.entries(examples),
    ...own.map(({ connector, examples: text }) => [connector.name, text] as const),
  ]);
  const all = [...connectors, ...own.map(({ connector }) => connector)];
  const wanted = [...new Set(all.map(one => one.name))].filter(one => name === undefined || one === name);
  if (wanted.length === 0)
    throw new Fault(
      exitCode.missing,
      `There is no connector ${JSON.stringify(name)}.`,
      'tf connector list names them.',
    );
  const hosts = Object.fromEntries(Object.entries(exampleHosts).filter(([one]) => wanted.includes(one)));
  const catalog = openCatalog(
    all.filter(one => wanted.includes(one.name)),
    { generated, hosts, whole: true },
  );
  return wanted.map(one => {
    const host = Object.values(exampleHosts[one] ?? {})[0] ?? all.find(each => each.name === one)!.hosts[0]!;
    const list = readExamples(texts.get(one) ?? '', host);
    return { name: one, examples: list.length, faults: checkExamples(catalog, list) };
  });
}
