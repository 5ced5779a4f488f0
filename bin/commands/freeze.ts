/** `tf freeze`: times in which nothing is changed. Any local caller may add one; only the operator may remove it again. */
import type { Command } from 'commander';
import type { Freeze } from '../../src/model.js';
import { call } from '../control.js';
import { inert, json, line, note, table } from '../print.js';

/** A freeze as the proxy shows it. */
type Shown = Freeze & { readonly state: string };

interface AddOptions {
  readonly gateway?: string;
  readonly action?: string;
  readonly reason?: string;
  readonly json?: boolean;
}

/** What of it all is frozen. */
const scope = ({ gateway, action }: Freeze): string =>
  [action === null ? 'everything' : action, ...(gateway === null ? [] : [`of ${gateway}`])].join(' ');

async function add(interval: string, { json: asJson, ...options }: AddOptions): Promise<void> {
  const freeze = (await call('POST', '/freezes', { interval, ...options })) as Shown;
  if (asJson) return json(freeze);
  const { id, from, until, timezone, state, action } = freeze;
  line(
    `${id}  ${inert(scope(freeze))} but reading is denied from ${from} until ${until}; read in ${timezone}, ${state}`,
  );
  const doubt = action === null ? null : await (await import('./unknown-action.js')).unknownAction(action);
  if (doubt !== null) note(`note: ${doubt}`);
}

async function list(options: { json?: boolean }): Promise<void> {
  const freezes = (await call('GET', '/freezes')) as readonly Shown[];
  if (options.json) return json(freezes);
  table(
    ['ID', 'STATE', 'INTERVAL', 'ZONE', 'WHAT', 'BY', 'REASON'],
    freezes.map(each => [each.id, each.state, each.interval, each.timezone, scope(each), each.by, each.reason]),
  );
}

/** Adds `tf freeze`. */
export default function freeze(program: Command): void {
  const command = program
    .command('freeze')
    .description('times in which nothing is changed')
    .addHelpText('after', '\nExample:\n  tf freeze list');

  command
    .command('add')
    .argument('<interval>', 'two dates, both included, or times, with a slash between them (ISO 8601)')
    .option('--gateway <name>', 'only this gateway, and what is started from it')
    .option('--action <pattern>', 'only these actions: github.*')
    .option('--reason <text>', 'a sentence that whoever is refused will read')
    .option('--json', 'print one JSON document')
    .description('deny everything but listing and reading in that time')
    .addHelpText('after', "\nExample:\n  tf freeze add 2026-12-20/2027-01-02 --reason 'Nobody is here to repair it.'")
    .action(add);

  command
    .command('list')
    .option('--json', 'print one JSON document')
    .description('the freezes, those that are over too')
    .addHelpText('after', '\nExample:\n  tf freeze list --json')
    .action(list);

  command
    .command('remove')
    .argument('<id>', 'as `tf freeze list` prints it')
    .option('--json', 'print one JSON document')
    .description('take a freeze away; the operator only')
    .addHelpText('after', '\nExample:\n  tf freeze remove freeze_3')
    .action(async (id: string, options: { json?: boolean }) => {
      await call('DELETE', `/freezes/${encodeURIComponent(id)}`);
      if (options.json) json({ removed: id });
      else line(`Removed ${id}.`);
    });
}
