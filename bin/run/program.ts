/** Program: which files a command line is made of: the executable as the PATH has it, and the script that an interpreter was given. */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename, delimiter, join, resolve } from 'node:path';

/** Where programs are looked for; without a PATH, where execvp(3) looks then. */
export const searchPath = ({ PATH = '/bin:/usr/bin' }: NodeJS.ProcessEnv): string => PATH;

/** The files of a command; null for what there is none of, or can't be told. */
export interface Program {
  readonly name: string;
  readonly program: string | null;
  readonly script: string | null;
}

/** The file that would run for `name`, as execvp(3) looks for it; null if there is none. */
export function programFile(name: string, path: string): string | null {
  for (const file of name.includes('/')
    ? [name]
    : path
        .split(delimiter)
        // A place without a name is the directory that one is in.
        .map(dir => join(dir, name))) {
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // the next one
    }
  }
  return null;
}

/** How an interpreter's words are read up to its script. */
interface Interpreter {
  /** Options that take the next word with them. */
  readonly takes: RegExp;
  /** Options that give a program in another way than as a file. */
  readonly instead: RegExp;
  /** Words in front of the script. */
  readonly verbs?: RegExp;
}

const interpreters: readonly (readonly [RegExp, Interpreter])[] = [
  [/^(python|pypy)[\d.]*$/, { takes: /^(-[WX]|--check-hash-based-pycs)$/, instead: /^-(?![WX])[a-zA-Z]*[cm]/ }],
  [
    /^(node|nodejs|tsx|ts-node)$/,
    {
      takes: /^(-r|--require|--import|-C|--conditions|--loader|--experimental-loader|--env-file)$/,
      instead: /^(-e|-p|-pe|-i|--eval|--print)(=|$)/,
    },
  ],
  [/^(ba|da|z|k|a)?sh$/, { takes: /^([-+][oO]|--rcfile|--init-file)$/, instead: /^-[a-zA-Z]*c/ }],
  [/^ruby[\d.]*$/, { takes: /^(-[rICEX]|--encoding)$/, instead: /^-(?![rICEKWTx])[a-zA-Z]*e/ }],
  [/^perl[\d.]*$/, { takes: /^-I$/, instead: /^-(?![IMm])[a-zA-Z]*[eE]/ }],
  [/^php[\d.]*$/, { takes: /^-[cdz]$/, instead: /^-[rBRE]/ }],
  [/^deno$/, { takes: /^(-c|--config|--import-map|--lock|--cert)$/, instead: /^(eval|repl)$/, verbs: /^run$/ }],
  [/^bun$/, { takes: /^(-r|--preload|--cwd|-c|--config)$/, instead: /^(-e|--eval|-p|--print)$/, verbs: /^run$/ }],
];

/** The script among an interpreter's words, as it was written; null if there is none. */
export function scriptWord(name: string, args: readonly string[]): string | null {
  const interpreter = interpreters.find(([pattern]) => pattern.test(name))?.[1];
  if (interpreter === undefined) return null;
  const { takes, instead, verbs } = interpreter;
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    if (word === '--') return args[at + 1] ?? null;
    if (instead.test(word)) return null;
    if (takes.test(word)) at += 1;
    else if (!word.startsWith('-') && !(verbs?.test(word) ?? false)) return word;
  }
  return null;
}

/** The file that a word names, in full, if it names one. */
function scriptFile(word: string | null): string | null {
  if (word === null) return null;
  const path = resolve(word);
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? path : null;
}

/** The files of a command. A link is followed for the interpreter's name alone: what is watched is the path that was given. */
export function programOf([command, ...args]: readonly [string, ...string[]], path: string): Program {
  const file = programFile(command, path);
  const program = file === null ? null : resolve(file);
  const names = [basename(command), ...(program === null ? [] : [basename(realpathSync(program))])];
  const script = names.map(name => scriptWord(name, args)).find(word => word !== null) ?? null;
  return { name: basename(command), program, script: scriptFile(script) };
}
