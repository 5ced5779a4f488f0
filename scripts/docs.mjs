// Writes docs/connectors/: a page for each connector, with every action that it knows. With `--check` it writes nothing,
// and fails if a page is not what the connectors say (for CI). Uses the compiled TypeScript: `npm run build` first.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const out = process.env.OUT ? pathToFileURL(`${resolve(process.env.OUT)}/`) : new URL('../dist/', import.meta.url);
const compiled = file => import(new URL(file, out).href);

const { connectors } = await compiled('connectors/index.js');
const { exampleHosts, examples } = await compiled('connectors/examples/index.js');
const { rowsOf } = await compiled('bin/commands/connector-rows.js');
const { generated } = await compiled('bin/proxy/generated.js');

const target = fileURLToPath(new URL('../docs/connectors/', import.meta.url));
const check = process.argv.includes('--check');
/** A page with more rows than this would be read by nobody: it says what there is, and where the rest is. */
const mostRows = 3000;

const cell = text => text.replaceAll('|', '\\|');
const code = text => (text === '' ? '' : `\`${cell(text)}\``);
const table = (headings, rows) =>
  [headings, headings.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n');

function rowOf({ route, action, aliases, access, hints, resource, parameters, when }) {
  const condition = when ? ` if ${code(JSON.stringify(when))}` : '';
  const also = aliases.length > 0 ? `<br>also ${aliases.map(code).join(', ')}` : '';
  return [
    `${code(action)}${also}`,
    [access ?? 'by request', ...hints].join(', '),
    resource === null ? 'by request' : code(resource),
    parameters.map(code).join(' '),
    `${code(route)}${condition}`,
  ];
}

/** How many actions begin with each of the words behind the connector's name. */
function groups(rows) {
  const counts = new Map();
  for (const { action } of rows) {
    const group = action.split('.').slice(0, 2).join('.');
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return table(
    ['actions', 'routes'],
    [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([group, count]) => [code(`${group}.*`), String(count)]),
  );
}

/** The sources of a generated table, each package once. */
function sourcesOf(tables) {
  const lines = tables.flatMap(({ sources }) =>
    sources.map(({ package: name, version, licence }) => `- ${name} ${version} (${licence})`),
  );
  return [...new Set(lines)];
}

async function page(name) {
  const parts = connectors.filter(connector => connector.name === name);
  const tables = parts.flatMap(part => (part.generated === undefined ? [] : [generated(part.generated)]));
  const rows = await rowsOf(connectors, [name]);
  const hosts = parts.flatMap(part => part.hosts);
  const { scheme, env = [] } = parts.find(part => part.credentials)?.credentials ?? {};
  const own = parts.some(part => part.configurable);
  const sources = sourcesOf(tables);
  return [
    `# ${name}`,
    '',
    '<!-- Made by scripts/docs.mjs from the connector itself: change that, not this. -->',
    '',
    hosts.length > 0 ? `Hosts: ${hosts.map(code).join(', ')}.` : '',
    own
      ? `Your own hosts are named in \`config.yaml\`: \`connectors: {${name}: {hosts: {main: "${name}.corp.example"}}}\`.`
      : '',
    scheme === undefined
      ? 'It has no credentials.'
      : `Its secret: \`tf secret set ${name}-key --connector ${name}\` (${code(scheme)}).`,
    env.length > 0 ? `A run has a placeholder in ${env.map(code).join(', ')}.` : '',
    ...(sources.length > 0 ? ['', 'What is generated comes from', ...sources, ''] : ['']),
    rows.length > mostRows
      ? `It has ${rows.length} routes, too many for a page: \`tf connector show ${name} --search WORDS\` finds them.\n\n${groups(rows)}`
      : rows.length > 0
        ? `## Actions\n\n${table(['action', 'access', 'resource', 'parameters', 'route'], rows.map(rowOf))}`
        : '',
    '',
    '## Examples',
    '',
    "A request, and below it what it is: action, access, resource, parameters; `?` is what can't be determined.",
    '',
    '```',
    (examples[name] ?? '').trim(),
    '```',
    '',
  ]
    .filter((line, i, all) => line !== '' || all[i - 1] !== '')
    .join('\n');
}

const names = [...new Set(connectors.map(({ name }) => name))].filter(name => name !== 'tollfence').sort();
const pages = new Map();
for (const name of names) pages.set(`${name}.md`, await page(name));
const about = async name => {
  const parts = connectors.filter(connector => connector.name === name);
  const count = (await rowsOf(connectors, [name])).length;
  const host = parts.flatMap(part => part.hosts)[0] ?? Object.values(exampleHosts[name] ?? {})[0] ?? '';
  return [`[${name}](${name}.md)`, String(count), code(host)];
};
pages.set(
  'README.md',
  [
    '# Connectors that come with Tollfence',
    '',
    '<!-- Made by scripts/docs.mjs: change that, not this. -->',
    '',
    'How one is written: [connectors.md](../connectors.md). How an API of your own gets one: `tf connector import --help`.',
    '',
    table(['connector', 'routes', 'host'], await Promise.all(names.map(about))),
    '',
  ].join('\n'),
);

mkdirSync(target, { recursive: true });
const read = file => {
  try {
    return readFileSync(`${target}${file}`, 'utf8');
  } catch {
    return null;
  }
};
const stale = [...pages].filter(([file, text]) => read(file) !== text).map(([file]) => file);
const extra = readdirSync(target).filter(file => !pages.has(file));
if (check && stale.length + extra.length > 0) {
  console.error(
    `docs/connectors: ${[...stale, ...extra].join(', ')}: not what the connectors say. Run \`node scripts/docs.mjs\`.`,
  );
  process.exit(1);
}
if (!check) {
  for (const file of stale) writeFileSync(`${target}${file}`, pages.get(file));
  for (const file of extra) rmSync(`${target}${file}`);
}
console.log(`docs/connectors: ${pages.size} pages, ${check ? 'as they should be' : `${stale.length} written`}`);
