// The packages that descriptions of APIs are in: fetched with npm once, and not read before their digest is right.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const cache = process.env.TF_GENERATE_CACHE ?? join(tmpdir(), 'tollfence-generate');

/** The named files of the packages by `PACKAGE/path`, and where each of them comes from. A directory ends in `/`. */
export async function filesOf(packages) {
  const files = new Map();
  const sources = [];
  for (const { name, version, integrity, licence, files: paths } of packages) {
    const unpacked = unpack(await archiveOf(name, version, integrity), paths);
    for (const path of paths) {
      const hash = createHash('sha256');
      const below = path.endsWith('/') ? unpacked.filter(([file]) => file.startsWith(path)) : [];
      const found = path.endsWith('/') ? below : unpacked.filter(([file]) => file === path);
      if (found.length === 0) throw new Error(`There is no ${path} in ${name}@${version}.`);
      for (const [file, text] of found) {
        files.set(`${name}/${file}`, text);
        hash.update(below.length > 0 ? `${file}\0${text}\0` : text);
      }
      sources.push({ package: name, version, licence, file: path, sha256: hash.digest('hex') });
    }
  }
  return { files, sources };
}

/** The file of the package, from the cache or from npm. Throws if its digest is another one than is pinned. */
async function archiveOf(name, version, integrity) {
  mkdirSync(cache, { recursive: true });
  const file = join(cache, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
  const cached = contentOf(file);
  if (cached !== null && digest(cached) === integrity) return file;
  const fresh = mkdtempSync(join(cache, 'fresh-'));
  try {
    execFileSync('npm', ['pack', '--silent', '--pack-destination', fresh, `${name}@${version}`], {
      cwd: fresh,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [packed] = readdirSync(fresh);
    const found = digest(readFileSync(join(fresh, packed)));
    if (found !== integrity) throw new Error(`${name}@${version} has the digest ${found}, and ${integrity} is pinned.`);
    renameSync(join(fresh, packed), file);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return file;
}

const contentOf = file => {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
};

const digest = bytes => `sha512-${createHash('sha512').update(bytes).digest('base64')}`;

/** Files of an archive and their texts, by code units of their paths. */
function unpack(archive, paths) {
  const options = { encoding: 'utf8', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'inherit'] };
  // Its one directory at the top has another name in some packages than `package`.
  const [root] = execFileSync('tar', ['-tzf', archive], options).split('/', 1);
  const directory = mkdtempSync(join(cache, 'unpacked-'));
  try {
    execFileSync(
      'tar',
      ['-xzf', archive, '-C', directory, ...paths.map(path => `${root}/${path.replace(/\/$/, '')}`)],
      options,
    );
    const top = join(directory, root);
    return readdirSync(top, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name))
      .sort()
      .map(file => [file.slice(top.length + 1), readFileSync(file, 'utf8')]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
