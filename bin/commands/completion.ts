/** `tf completion`: completion for shells. The script only asks `tf complete`, so that it never grows old. */
import type { Command, Option } from 'commander';
import { exitCode, Fault } from '../../src/errors.js';
import { call } from '../control.js';
import { home } from '../home.js';
import { line } from '../print.js';

const scripts: Readonly<Record<string, string>> = {
  bash: `# eval "$(tf completion bash)"
_tf() {
  local line="\${COMP_LINE:0:COMP_POINT}"
  local -a words; IFS=' ' read -ra words <<<"$line"
  [[ "$line" == *' ' ]] && words+=('')
  local current="\${words[\${#words[@]}-1]}" found
  COMPREPLY=()
  while IFS= read -r found; do
    # Bash takes a colon for the end of a word.
    [[ "$current" == *:* ]] && found="\${found#"\${current%:*}:"}"
    COMPREPLY+=("$found")
  done < <(tf complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _tf tf tollfence`,
  zsh: `#compdef tf tollfence
# eval "$(tf completion zsh)"
_tf() {
  local -a found
  found=("\${(@f)$(tf complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a found || _default
}
compdef _tf tf tollfence`,
  fish: `# tf completion fish | source
for name in tf tollfence
  complete -c $name -f -a '(tf complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
end`,
};

type Named = readonly { readonly name: string }[];

/** What a running proxy has under this path; nothing if none runs. */
const running = async (path: string): Promise<string[]> =>
  ((await call('GET', path, undefined, { start: false })) as Named).map(({ name }) => name);

async function connectors(): Promise<string[]> {
  const { allConnectors } = await import('../proxy/connectors.js');
  return [...new Set(allConnectors(home()).map(({ name }) => name))];
}

/** Actions and patterns that begin like this: names of connectors first, then what is below the one that is named. */
async function actions(begun: string): Promise<string[]> {
  const dot = begun.indexOf('.');
  if (dot < 0)
    return ['*', ...(await connectors()).map(name => `${name}.*`), ...(await connectors()).map(name => `${name}.`)];
  const { allConnectors } = await import('../proxy/connectors.js');
  const { rowsOf } = await import('./connector-rows.js');
  const rows = await rowsOf(allConnectors(home()), [begun.slice(0, dot)]);
  const names = rows.flatMap(row => [row.action, ...row.aliases]);
  return [...new Set(names.flatMap(name => [name, `${name.slice(0, name.lastIndexOf('.'))}.*`]))].sort();
}

/** What may stand for the value of an option, or for an argument, by its name. */
const values: Readonly<Record<string, (begun: string) => Promise<readonly string[]> | readonly string[]>> = {
  gateway: () => running('/gateways'),
  connector: connectors,
  action: actions,
  effect: () => ['allow', 'deny', 'require_approval', 'defer'],
  scheme: () => [
    'bearer',
    'basic',
    'header:',
    'query:',
    'sigv4',
    'webhook',
    'oauth2',
    'github-app',
    'google',
    'registry',
    'vault:',
  ],
  secret: () => running('/secrets'),
  approver: () => running('/approvers'),
  as: () => running('/approvers'),
  shell: () => Object.keys(scripts),
};

/** Arguments of commands, by path: which of the values they are. */
const argumentsOf: Readonly<Record<string, string>> = {
  'connector show': 'connector',
  'connector test': 'connector',
  'gateway show': 'gateway',
  'gateway remove': 'gateway',
  'approver remove': 'approver',
  'secret rotate': 'secret',
  'secret remove': 'secret',
  kill: 'gateway',
  resume: 'gateway',
  run: 'gateway',
  completion: 'shell',
};

/** Words that may follow. `load` gives a command with what is below it. */
async function candidates(
  words: readonly string[],
  names: readonly string[],
  load: (name: string) => Promise<Command | undefined>,
): Promise<readonly string[]> {
  const begun = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  if (before.length === 0) return names;
  let command = await load(before[0]!);
  if (command === undefined) return [];
  const path = [before[0]!];
  let at = 1;
  for (; at < before.length; at++) {
    const below: Command | undefined = command.commands.find(one => one.name() === before[at]);
    if (below === undefined) break;
    command = below;
    path.push(before[at]!);
  }
  const last = before.at(-1)!;
  const option = command.options.find(
    (one: Option) => last.startsWith('-') && (one.long === last || one.short === last),
  );
  if (option?.required || option?.optional) return (await values[option.attributeName()]?.(begun)) ?? [];
  if (begun.startsWith('-')) return [...command.options.flatMap(({ long }) => long ?? []), '--help'];
  const argument = argumentsOf[path.join(' ')];
  return [...command.commands.map(one => one.name()), ...((argument && (await values[argument]!(begun))) || [])];
}

/** Adds `tf completion` and, for the scripts, `tf complete`. */
export default function register(
  program: Command,
  _behind: readonly string[] | null = null,
  all?: { readonly names: readonly string[]; load(name: string): Promise<Command | undefined> },
): void {
  program
    .command('completion')
    .argument('<shell>', Object.keys(scripts).join(', '))
    .description('completion for a shell, as a script')
    .addHelpText('after', '\nExample:\n  tf completion bash > ~/.local/share/bash-completion/completions/tf')
    .action((shell: string) => {
      const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
      if (script === undefined)
        throw new Fault(
          exitCode.usage,
          `There is no completion for "${shell}".`,
          `There is: ${Object.keys(scripts).join(', ')}.`,
        );
      line(script);
    });
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: readonly string[]) => {
      // Whoever presses a key waits for no error.
      const found = await candidates(words, all?.names ?? [], async name => all?.load(name)).catch(() => []);
      const begun = words.at(-1) ?? '';
      // What a shell would take for more than a word isn't put into its line.
      for (const word of new Set(found)) if (word.startsWith(begun) && /^[\w.:*/@=+,-]+$/.test(word)) line(word);
    });
}
