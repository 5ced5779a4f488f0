/** Reads what the files of the house import: statically, dynamically, by `require`, and as workers. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path/posix';
import { fileURLToPath } from 'node:url';

/** The repository, from dist/test. */
export const repository = fileURLToPath(new URL('../../', import.meta.url));

/** One import of a file. */
export interface Import {
  /** `src/http/body.ts` */
  readonly file: string;
  /** A file of the house (`src/model.ts`), or a module (`node:fs`, `undici`). */
  readonly target: string;
  /** Whether only types are taken. */
  readonly typeOnly: boolean;
  /** Names that are taken; empty if they can't be told. */
  readonly names: readonly string[];
}

/** All sources in these directories of the repository, by their paths in it. */
export const sourcesIn = (...directories: readonly string[]): string[] =>
  directories
    .flatMap(directory =>
      readdirSync(`${repository}${directory}`, { recursive: true, encoding: 'utf8' }).map(name =>
        join(directory, name),
      ),
    )
    .filter(name => /\.c?ts$/.test(name) && !name.endsWith('.d.ts'))
    .sort();

export const read = (file: string): string => readFileSync(`${repository}${file}`, 'utf8');

/** Comments may speak of imports; they are no imports. A `//` within a string is not at the start of a line. */
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');

const clause = /^\s*(?:import|export)\s+(type\s+)?([\w*{}\s,$]+?)\s+from\s+'([^']+)'/gm;
const bare = /^\s*import\s+'([^']+)'/gm;
const called = /\b(?:import|require|\.resolve)\(\s*(?:'([^']+)'|`([^`]+)`|([^)'`\s][^)]*))/g;
const located = /new URL\(\s*(?:'([^']+)'|([^,()]+)),\s*import\.meta\.url/g;

function resolve(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return normalize(join(file, '..', specifier)).replace(/\.(c?)js$/, '.$1ts');
}

/** The imports of one file. What is no literal has the target `?`. */
export function importsOf(file: string): Import[] {
  const text = withoutComments(read(file));
  const found: Import[] = [];
  const add = (specifier: string | undefined, typeOnly = false, names: readonly string[] = []): void =>
    void found.push({ file, target: specifier === undefined ? '?' : resolve(file, specifier), typeOnly, names });
  for (const [, type, what = '', specifier] of text.matchAll(clause)) {
    const names = [...what.matchAll(/(type\s+)?([\w$*]+)(?:\s+as\s+[\w$]+)?/g)];
    add(
      specifier,
      type !== undefined || (names.length > 0 && names.every(([, each]) => each !== undefined)),
      names.map(([, , name]) => name!),
    );
  }
  for (const [, specifier] of text.matchAll(bare)) add(specifier);
  for (const [, quoted] of text.matchAll(called)) add(quoted);
  for (const [, quoted] of text.matchAll(located))
    add(quoted === undefined || /^\.\.?\/[\w/-]+\.c?js$/.test(quoted) ? quoted : 'file');
  return found;
}
