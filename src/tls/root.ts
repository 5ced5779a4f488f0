/**
 * The root certificate of this machine, and its key, in one file of the CA directory. Key and certificate share a file
 * so that there is no half CA: it is written to a temporary name, synced, and then linked to its own name, which
 * succeeds for one process only; whoever comes second reads what the first has made. A crash leaves at most a temporary
 * file, which the next start removes.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { exitCode, Fault } from '../errors.js';
import { basicConstraints, issue, keyUsage, type PublicKey, publicKeyOf, subjectKey } from './certificate.js';

const day = 24 * 3_600_000;

/**
 * The root is valid for ten years: trust in it is given by hand, in images and on machines that nobody visits again, it
 * reaches no further than those who gave it, and what limits a stolen key is taking that trust away, not its end date.
 */
const rootLifetime = 3_652 * day;

/** With less than this left, in milliseconds, the root is refused: it would end in the middle of a run. */
const rootMargin = day;

const fileName = 'root.pem';

/** The root and its private key. Times are in ms since the epoch. */
export interface Root {
  readonly certificate: X509Certificate;
  readonly certificatePem: string;
  readonly commonName: string;
  readonly key: KeyObject;
  readonly publicKey: PublicKey;
  readonly expires: number;
}

/** Clock (ms since the epoch) and randomness. */
export interface Surroundings {
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

/**
 * The root in `dir`, made when there is none. Throws `Fault`, naming the file, when it can't be read, is open to others,
 * is not a CA whose key is beside it, or is about to expire. It never replaces a root that exists.
 */
export function openRoot(dir: string, { now, random }: Surroundings): Root {
  prepare(dir);
  const file = join(dir, fileName);
  const root = parse(read(file) ?? create(dir, file, { now, random }), file);
  check(root, file, now());
  for (const left of readdirSync(dir)) if (left.startsWith(`${fileName}.`)) rmSync(join(dir, left), { force: true });
  return root;
}

function prepare(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const found = lstatSync(dir);
    if (!found.isDirectory()) throw new Error('it is not a directory, or a symbolic link to one');
    if (!ours(found.uid)) throw new Error('it belongs to somebody else');
    if (found.mode & 0o022) throw new Error('others may write to it');
  } catch (error) {
    throw fault(`The CA directory ${dir} can't be used: ${said(error)}.`, `Make it yours alone: chmod 700 ${dir}`);
  }
}

function read(file: string): string | null {
  let fd: number | undefined;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const found = fstatSync(fd);
    if (!found.isFile()) throw new Error('it is not a regular file');
    if (!ours(found.uid)) throw new Error('it belongs to somebody else');
    if (found.mode & 0o077) throw new Error(`others may read it; if nobody has, chmod 600 ${file}`);
    if (found.size > 65_536) throw new Error('it is larger than any CA');
    return readFileSync(fd, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fault(`The CA in ${file} can't be read: ${said(error)}.`, renewal(file));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function create(dir: string, file: string, { now, random }: Surroundings): string {
  const temporary = `${file}.${Buffer.from(random(8)).toString('hex')}`;
  const exclusive = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    const fd = openSync(temporary, exclusive, 0o600);
    try {
      writeFileSync(fd, generate({ now, random }));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    linkSync(temporary, file);
    sync(dir);
  } catch (error) {
    // EEXIST: another process was first. ENOENT: it was first, and has tidied up our temporary file as well.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST' && code !== 'ENOENT') {
      throw fault(
        `The CA can't be written to ${file}: ${said(error)}.`,
        'Free some space, or set TF_HOME to another place.',
      );
    }
  } finally {
    rmSync(temporary, { force: true });
  }
  const made = read(file);
  if (made === null) throw fault(`The CA in ${file} vanished while it was made.`, 'Try again.');
  return made;
}

function generate({ now, random }: Surroundings): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = publicKeyOf(privateKey);
  // The first digits of the key's identifier, so that two machines' roots can be told apart in a list of them.
  const commonName = `Tollfence CA ${publicKey.identifier.toString('hex').slice(0, 8)} (this machine)`;
  const notBefore = now() - day;
  const certificatePem = issue(
    {
      subject: commonName,
      issuer: commonName,
      key: publicKey,
      notBefore: new Date(notBefore),
      notAfter: new Date(notBefore + rootLifetime),
      extensions: [basicConstraints(true), keyUsage('certificates'), subjectKey(publicKey)],
    },
    privateKey,
    random,
  );
  return certificatePem + privateKey.export({ type: 'pkcs8', format: 'pem' });
}

function parse(text: string, file: string): Root {
  try {
    const certificate = new X509Certificate(text);
    const key = createPrivateKey(text);
    const commonName = /^CN=(.*)$/.exec(certificate.subject)?.[1];
    if (commonName === undefined) throw new Error('its name is not one that Tollfence gives');
    const expires = Date.parse(certificate.validTo);
    const certificatePem = certificate.toString();
    return { certificate, certificatePem, commonName, key, publicKey: publicKeyOf(key), expires };
  } catch (error) {
    throw fault(`The CA in ${file} can't be read: ${said(error)}.`, renewal(file));
  }
}

function check({ certificate, key, publicKey, expires }: Root, file: string, now: number): void {
  const faults: string[] = [];
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') faults.push('its key is not an ECDSA P-256 key');
  else if (!certificate.checkPrivateKey(key)) faults.push('its key does not belong to its certificate');
  else if (!certificate.verify(certificate.publicKey)) faults.push('its signature is wrong');
  else if (!certificate.raw.includes(publicKey.identifier)) faults.push('Tollfence has not made it');
  if (!certificate.ca) faults.push('it is not a certificate authority');
  if (expires <= now) faults.push(`it expired on ${certificate.validTo}`);
  else if (expires - rootMargin <= now) faults.push(`it is about to expire, on ${certificate.validTo}`);
  if (Date.parse(certificate.validFrom) > now) faults.push('it is from the future: the clock of this machine is wrong');
  if (faults.length > 0) throw fault(`The CA in ${file} can't be used: ${faults.join('; ')}.`, renewal(file));
}

function sync(dir: string): void {
  const fd = openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

const ours = (uid: number): boolean => process.getuid === undefined || uid === process.getuid();
const fault = (message: string, hint: string): Fault => new Fault(exitCode.failed, message, hint);
const renewal = (file: string): string =>
  `Move ${file} away: the next start makes a new CA, and whoever trusts the old one must be given it (tf ca export).`;

// OpenSSL's own words ("error:1E08010C:DECODER routines::unsupported") help nobody, and a system error repeats the path.
function said(error: unknown): string {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code === 'ELOOP') return 'it is a symbolic link';
  if (syscall !== undefined) return `${code} (${syscall})`;
  return code?.startsWith('ERR_OSSL') || message.startsWith('error:')
    ? 'it holds no certificate with its key in PEM'
    : message;
}
