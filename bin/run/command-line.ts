/** The three forms of `tf run`: which word is the gateway and which are the command. */
import { Fault } from '../../src/errors.js';
import { gatewayNameFault } from '../../src/identity/gateways.js';
import { programFile } from './program.js';

/** Exit code of `tf run` when it fails before the child has started (interface §1, as docker's). */
export const notStarted = 125;

/** What to run. `guessed`: the name is the first word behind `--`, which may have been meant as a program. */
export interface CommandLine {
  readonly gateway: string;
  readonly command: readonly [string, ...string[]];
  readonly guessed: boolean;
}

const usage = 'tf run -- NAME COMMAND…   ·   tf run --name NAME -- COMMAND…   ·   tf run NAME -- COMMAND…';

/** Reads the words in front of and behind `--`. Throws `Fault` (125). */
export function readCommandLine(
  name: string | undefined,
  before: readonly string[],
  behind: readonly string[] | null,
): CommandLine {
  if (behind === null) throw new Fault(notStarted, 'There is no "--" between the gateway and the command.', usage);
  if (before.length > 1 || (name !== undefined && before.length > 0))
    throw new Fault(notStarted, `Unexpected "${before.at(-1)}" in front of "--".`, usage);
  const named = name ?? before[0];
  const [gateway, ...rest] = named === undefined ? behind : [named, ...behind];
  if (gateway === undefined) throw new Fault(notStarted, 'Say which gateway and which command to run.', usage);
  const guessed = named === undefined;
  const [program, ...args] = rest;
  if (program === undefined) {
    const meant = guessed
      ? `"${gateway}" would be the gateway, and there is no command behind it.\nDid you mean: tf run -- NAME ${gateway}`
      : 'There is no command behind "--".';
    throw new Fault(notStarted, meant, usage);
  }
  const fault = gatewayNameFault(gateway);
  if (fault !== null && !(guessed && gateway.includes('/'))) throw new Fault(notStarted, fault, usage);
  return { gateway, command: [program, ...args], guessed };
}

/** Refuses a first word that is surely a program, unless a gateway of that name exists. */
export function refuseProgramAsName({ gateway, command, guessed }: CommandLine, exists: boolean, path: string): void {
  if (!guessed || exists || (!gateway.includes('/') && programFile(gateway, path) === null)) return;
  throw new Fault(
    notStarted,
    `"${gateway}" is a program, and no gateway has that name.\nDid you mean: tf run -- NAME ${[gateway, ...command].join(' ')}`,
    'The first word behind "--" is the name of the gateway.',
  );
}
