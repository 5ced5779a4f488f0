/** `tf connector import`: an API's own description becomes a connector file that a person can edit. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import type { Imported } from '../../src/action/import/index.js';
import { exitCode, Fault } from '../../src/errors.js';
import { call } from '../control.js';
import { home } from '../home.js';
import { json, line, note } from '../print.js';

interface ImportOptions {
  readonly name: string;
  readonly host: string[];
  readonly scheme?: string;
  readonly env: string[];
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** So many sentences about what was left out are shown. */
const mostNotes = 20;

async function read(file: string): Promise<Imported> {
  let content: string;
  try {
    content = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new Fault(exitCode.missing, `${file} can't be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
  const { parseDescription } = await import('../proxy/connector-file.js');
  const { readDescription } = await import('../../src/action/import/index.js');
  const imported = readDescription(parseDescription(content, file));
  if (Object.keys(imported.routes).length > 0) return imported;
  throw new Fault(
    exitCode.usage,
    `Nothing in ${file} could be read:\n${imported.faults.map(fault => `  ${fault}`).join('\n')}`,
    'It takes OpenAPI 3.0 and 3.1, Swagger 2, Google discovery documents and AWS service models, in JSON or YAML.',
  );
}

/** Puts a whole file in its place, or none. */
function write(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new Fault(
      exitCode.failed,
      `${file} can't be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`,
    );
  }
}

/** A proxy that runs takes it over at once; without one there is nothing to tell. */
async function tell(): Promise<boolean> {
  try {
    await call('POST', '/connectors/reload', {}, { start: false });
    return true;
  } catch (error) {
    if (error instanceof Fault && error.exit === exitCode.unreachable) return false;
    throw error;
  }
}

async function importFile(file: string, options: ImportOptions): Promise<void> {
  const { allConnectors, openInstalled, ownFile, parseOwn } = await import('../proxy/connectors.js');
  const { printConnector } = await import('../proxy/connector-file.js');
  const target = ownFile(home(), options.name);
  if (!/^[a-z][a-z0-9_-]*$/.test(options.name))
    throw new Fault(
      exitCode.usage,
      `"${options.name}" can't be the name of a connector.`,
      'Use lower-case letters, digits, - and _.',
    );
  const replaces = existsSync(target);
  if (!replaces && allConnectors(home()).some(({ name }) => name === options.name))
    throw new Fault(
      exitCode.failed,
      `There is a connector ${options.name} already; it comes with Tollfence.`,
      'Choose another --name.',
    );
  if (replaces && !options.force && !options.dryRun)
    throw new Fault(
      exitCode.failed,
      `There is a connector ${options.name} already: ${target}`,
      'Edit it; or replace it, and what was edited in it, with --force.',
    );
  const imported = await read(file);
  const hosts = options.host.length > 0 ? options.host : imported.hosts;
  if (hosts.length === 0)
    throw new Fault(
      exitCode.usage,
      [`${basename(file)} names no host that could be used.`, ...imported.faults.slice(0, mostNotes)].join('\n  '),
      'Say it: --host api.acme.dev',
    );
  const text = printConnector({
    name: options.name,
    from: file === '-' ? 'standard input' : basename(file),
    hosts,
    imported,
    scheme: options.scheme ?? imported.scheme ?? 'bearer',
    env: options.env,
  });
  // As it will be read; what can't be used is told before anything is written.
  parseOwn(text, `The connector ${options.name}`);
  if (options.dryRun) return void process.stdout.write(text);
  const before = replaces ? readFileSync(target, 'utf8') : null;
  // Who may not tell the proxy must leave no file for the next one either.
  if (!(await tell()) && process.env.TF_RUN)
    throw new Fault(
      exitCode.refused,
      `This can't be done from inside a run (${process.env.TF_RUN}): only what makes things stricter can.`,
      'Ask an operator to do it from outside.',
    );
  write(target, text);
  let told: boolean;
  try {
    openInstalled(home(), { connectors: {} });
    told = await tell();
  } catch (error) {
    if (before === null) rmSync(target, { force: true });
    else write(target, before);
    // It may have been taken over in part.
    await tell().catch(() => {});
    throw error;
  }
  report(options, imported, target, hosts, told);
}

function report(
  options: ImportOptions,
  imported: Imported,
  target: string,
  hosts: readonly string[],
  told: boolean,
): void {
  const { name } = options;
  const routes = Object.values(imported.routes).reduce(
    (sum, route) => sum + (Array.isArray(route) ? route.length : 1),
    0,
  );
  if (options.json) return json({ name, file: target, hosts, routes, left_out: imported.faults });
  for (const fault of imported.faults.slice(0, mostNotes)) note(`note: ${fault}`);
  if (imported.faults.length > mostNotes) note(`note: and ${imported.faults.length - mostNotes} more like these.`);
  line(`${name}: ${routes} actions of ${imported.title || imported.kind} at ${hosts.join(', ')}`);
  line(`  ${target}`);
  line(told ? 'The proxy uses it from now on.' : 'The next proxy will use it.');
  line(`Look through it: its accesses and resources are guesses from names. Then: tf connector test ${name}`);
  line(`Its key: tf secret set ${name}-key --connector ${name}`);
}

async function reload(options: { json?: boolean }): Promise<void> {
  const { allConnectors } = await import('../proxy/connectors.js');
  // Faults in a file are told here, with its path.
  allConnectors(home());
  const told = await tell();
  if (options.json) return json({ told });
  line(told ? 'The proxy uses the files as they are now.' : 'No proxy runs; the next one reads the files.');
}

const collect = (value: string, all: string[]): string[] => [...all, value];

/** Adds `tf connector import` and `tf connector reload`. */
export default function register(connector: Command): void {
  connector
    .command('import')
    .argument('<file>', 'OpenAPI, Swagger, Google discovery or AWS model; JSON or YAML (- for stdin)')
    .requiredOption('--name <name>', 'what actions will begin with')
    .option('--host <host>', 'its host, instead of those it names (repeatable)', collect, [])
    .option('--scheme <scheme>', 'how its secret is sent; by default as the description says')
    .option('--env <variable>', 'variable that its SDKs read the key from (repeatable)', collect, [])
    .option('--force', 'replace the connector of this name')
    .option('--dry-run', 'print the file, and write nothing')
    .option('--json', 'print one JSON document')
    .description('make a connector from an API’s own description')
    .addHelpText('after', '\nExample:\n  tf connector import openapi.yaml --name acme --host api.acme.dev')
    .action(importFile);
  connector
    .command('reload')
    .option('--json', 'print one JSON document')
    .description('tell a running proxy that connector files were edited')
    .addHelpText('after', '\nExample:\n  tf connector reload')
    .action(reload);
}
