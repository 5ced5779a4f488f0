/** The rows of connectors, as `tf connector` and completion show them. */
import type { ShownRow } from '../../src/action/rows.js';
import type { Connector } from '../../src/model.js';

/** Every row of the connectors with these names; what only functions say, as their examples show it. */
export async function rowsOf(all: readonly Connector[], names: readonly string[]): Promise<readonly ShownRow[]> {
  const { openCatalog } = await import('../../src/action/catalog.js');
  const { readExamples } = await import('../../src/action/examples.js');
  const { exampleRows, shownRows } = await import('../../src/action/rows.js');
  const { exampleHosts, examples } = await import('../../connectors/examples/index.js');
  const { generated } = await import('../proxy/generated.js');
  return names.flatMap(name => {
    const parts = all.filter(connector => connector.name === name);
    const rows = parts.flatMap(part =>
      shownRows(part, part.generated === undefined ? null : generated(part.generated)),
    );
    const functions = rows.some(({ access }) => access === null) || parts.some(({ read }) => read !== undefined);
    if (!functions || examples[name] === undefined) return rows;
    const hosts = exampleHosts[name] ?? {};
    const own = Object.keys(hosts).length > 0 ? { [name]: hosts } : {};
    const catalog = openCatalog(parts, { generated, hosts: own });
    const list = readExamples(examples[name], Object.values(hosts)[0] ?? parts[0]!.hosts[0]!);
    const told = rows.filter(({ access }) => access !== null);
    return [...told, ...exampleRows(catalog, list, told)];
  });
}
