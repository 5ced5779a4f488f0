// Makes connectors/generated/NAME.json from the pinned packages that an API is described in: all of them, or those named.
// With `--check` it writes nothing, and fails if a committed file is not what the packages give (for CI).
// Uses the compiled TypeScript: `npm run build` first. Another directory of compiled files may be given by OUT, and one
// for the packages by TF_GENERATE_CACHE.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { filesOf } from './generate/packages.mjs';
import { print } from './generate/print.mjs';

const apis = new URL('./generate/apis/', import.meta.url);
const target = fileURLToPath(new URL('../connectors/generated/', import.meta.url));
const check = process.argv.includes('--check');
const wanted = process.argv.slice(2).filter(argument => argument !== '--check');
const known = readdirSync(apis)
  .filter(file => file.endsWith('.mjs'))
  .map(file => file.slice(0, -'.mjs'.length))
  .sort();

for (const name of wanted) {
  if (known.includes(name)) continue;
  console.error(`There is no scripts/generate/apis/${name}.mjs: there are ${known.join(', ')}.`);
  process.exit(1);
}

/** Null if there is no such file. */
const contentOf = file => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
};

mkdirSync(target, { recursive: true });
const stale = [];
for (const file of wanted.length > 0 ? wanted : known) {
  const { default: made } = await import(new URL(`${file}.mjs`, apis).href);
  for (const api of [made].flat()) {
    const { files, sources } = await filesOf(api.packages);
    const generated = print({ sources, ...(await api.build(files)) });
    const path = `${target}${api.name}.json`;
    const same = contentOf(path) === generated;
    if (!same && check) stale.push(`connectors/generated/${api.name}.json`);
    if (!same && !check) writeFileSync(path, generated);
    console.log(`${api.name}: ${same ? 'as it is' : check ? 'differs' : 'written'}, ${generated.length} bytes`);
  }
}
if (stale.length > 0) {
  console.error(`${stale.join(', ')}: not what the packages give. Run \`node scripts/generate.mjs\`.`);
  process.exit(1);
}
