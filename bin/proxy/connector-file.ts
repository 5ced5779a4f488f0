/** Connector files, written: neat enough that a person is glad to edit them. */
import { Document, parseDocument, stringify } from 'yaml';
import { openCatalog } from '../../src/action/catalog.js';
import { describe, exampleRequest } from '../../src/action/examples.js';
import type { Imported } from '../../src/action/import/index.js';
import { exitCode, Fault } from '../../src/errors.js';
import type { Connector, Route, RouteRow, Scheme } from '../../src/model.js';

/** What a file is made from. */
export interface Draft {
  readonly name: string;
  /** Name of the file that was imported. */
  readonly from: string;
  readonly hosts: readonly string[];
  readonly imported: Imported;
  readonly scheme: string;
  readonly env: readonly string[];
}

/** So many examples are put into a new file. */
const mostExamples = 60;

/** Parses a description in JSON or YAML. Throws a `Fault` (usage) with its lines. */
export function parseDescription(text: string, source: string): unknown {
  // Big documents are JSON, and its own reader is many times faster.
  if (/^\s*[{[]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      // YAML's reader says where the fault is.
    }
  }
  const document = parseDocument(text, { uniqueKeys: false });
  const [fault] = document.errors;
  if (fault !== undefined)
    throw new Fault(
      exitCode.usage,
      `${source} is neither JSON nor YAML: ${fault.message.split('\n', 1)[0]!.replace(/:$/, '')}.`,
      'Was it downloaded as a page instead of as a file?',
    );
  try {
    return document.toJS({ maxAliasCount: 10_000 });
  } catch {
    throw new Fault(exitCode.usage, `${source} can't be read: its aliases stand for more than a description can be.`);
  }
}

/** The text of a new connector file. Throws a `Fault` when the catalogue can't use what was imported. */
export function printConnector({ name, from, hosts, imported, scheme, env }: Draft): string {
  const connector: Connector = {
    name,
    hosts,
    credentials: {
      scheme: scheme as Scheme,
      placeholder: `${name.replaceAll('-', '_')}_tfplaceholder`,
      ...(env.length > 0 && { env }),
    },
    routes: imported.routes,
  };
  const examples = examplesOf(connector);
  const { routes, ...head } = connector;
  return [
    `# ${[name, imported.title].filter(Boolean).join(': ').replace(/\s+/g, ' ')}`,
    `# From ${from} (${imported.kind}), by \`tf connector import\`. Yours to edit; \`tf connector test ${name}\` runs its examples.`,
    '# A row: action, access (list, read, write, delete, permissions), resource, parameters. docs/connectors.md says more.',
    '',
    stringify(head, { lineWidth: 0 }).trimEnd(),
    '',
    'routes:',
    ...Object.entries(routes).flatMap(([key, route]) => printRoute(key, route)),
    '',
    'examples: |',
    ...examples.flatMap(text => text.split('\n').map(line => `  ${line}`.trimEnd())),
    '',
  ].join('\n');
}

/** One line for a row, so that a table can be read down its columns. */
function printRoute(key: string, route: Route): string[] {
  const spelled = scalar(key);
  if (Array.isArray(route))
    return [`  ${spelled}:`, ...(route as readonly RouteRow[]).map(row => `    - ${flow(row)}`)];
  return [`  ${spelled}: ${flow(route as RouteRow)}`];
}

const scalar = (text: string): string => stringify(text, { lineWidth: 0 }).trimEnd();

function flow(row: RouteRow): string {
  const document = new Document(row);
  (document.contents as { flow?: boolean }).flow = true;
  return document.toString({ lineWidth: 0, flowCollectionPadding: false }).trimEnd().replace(/\n\s*/g, ' ');
}

/** A request for each row, with what the connector says of it now. */
function examplesOf(connector: Connector): string[] {
  const catalog = openCatalog([connector], { whole: true });
  const host = connector.hosts[0]!.replaceAll('*', 'example');
  const rows = Object.entries(connector.routes).flatMap(([key, route]) =>
    [route as RouteRow | readonly RouteRow[]].flat().map(row => [key, row] as const),
  );
  return rows.slice(0, mostExamples).map(([key, { when = {} }]) => {
    const path = key.replace(/\{(\w+)\+?\}/g, (_, name: string) => (/(^|_)(id|number|index)$/.test(name) ? '7' : name));
    const told = (place: string): [string, string][] =>
      Object.entries(when).flatMap(([at, value]) =>
        at.startsWith(place) ? [[at.slice(place.length), String(value)] as [string, string]] : [],
      );
    const fields = told('header.');
    const form = told('body#/').map(([name, value]) => `${name}=${value}`);
    const line = [path, ...(form.length > 0 ? [form.join('&')] : [])].join(' ');
    return [
      line,
      ...fields.map(([name, value]) => `  ${name}: ${value}`),
      `  ${describe(catalog.classify(exampleRequest(line, host, fields)))}`,
    ].join('\n');
  });
}
