/** Tokens: what providers say of the user and the workload, for the proxy to verify. None of them reaches the agent. */
import { closeSync, openSync, readSync } from 'node:fs';
import { Fault } from '../../src/errors.js';
import { call } from '../control.js';
import { notStarted } from './command-line.js';

/** A workload's token; `required`: the run isn't started without it. */
export interface Attestation {
  readonly token: string;
  readonly required: boolean;
}

const longest = 64 << 10;

/** Reads a token from a file. Throws `Fault` with the file's name and nothing of what is in it. */
export function readToken(file: string): string {
  const buffer = Buffer.alloc(longest + 1);
  let length = 0;
  try {
    const opened = openSync(file, 'r');
    try {
      for (let part = -1; part !== 0 && length < buffer.length; length += part)
        part = readSync(opened, buffer, length, buffer.length - length, null);
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new Fault(notStarted, `The token in ${file} can't be read (${why}).`, 'Name a file with one token in it.');
  }
  const token = buffer.toString('utf8', 0, length).trim();
  if (token === '' || length > longest || /\s/.test(token))
    throw new Fault(notStarted, `There is no token in ${file}.`, 'Name a file with one token in it.');
  return token;
}

/** The user's ID token: of the file that was named, else of the environment. */
export const userToken = (file: string | undefined, env: NodeJS.ProcessEnv): string | undefined =>
  file === undefined ? env.TF_ID_TOKEN?.trim() || undefined : readToken(file);

/** Where Kubernetes puts the token of a pod's service account. */
const kubernetes = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** An answer of GitHub has so long, in milliseconds. */
const patience = 5_000;

/** A token for this job of GitHub Actions, if this is one that may have it (`permissions: id-token: write`). */
async function githubToken(env: NodeJS.ProcessEnv, audience: string): Promise<string | null> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = env;
  if (!url || !token || !URL.canParse(url) || new URL(url).protocol !== 'https:') return null;
  const asked = new URL(url);
  asked.searchParams.set('audience', audience);
  try {
    const answer = await fetch(asked, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(patience),
    });
    const { value } = (await answer.json()) as { value?: unknown };
    return answer.ok && typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}

/** By kind of workload, the audience that the proxy expects in its tokens. */
async function audiences(): Promise<Readonly<Record<string, string>>> {
  const { oidc } = (await call('GET', '/status')) as {
    oidc: readonly { readonly identifies: string; readonly audience: readonly string[] }[];
  };
  return Object.fromEntries(oidc.map(({ identifies, audience }) => [identifies, audience[0]!]));
}

/** The tokens that say where this runs: those of the files that were named, and those that are found here, if the proxy trusts an issuer of their kind. */
export async function attestations(files: readonly string[], env: NodeJS.ProcessEnv): Promise<Attestation[]> {
  const named = files.map(file => ({ token: readToken(file), required: true }));
  const inPod = env.KUBERNETES_SERVICE_HOST !== undefined;
  if (!inPod && env.ACTIONS_ID_TOKEN_REQUEST_URL === undefined) return named;
  const wanted = await audiences();
  const found: Attestation[] = [];
  if (inPod && wanted.kubernetes !== undefined) {
    try {
      found.push({ token: readToken(kubernetes), required: false });
    } catch {
      // A pod need not have one.
    }
  }
  if (wanted['github-actions'] !== undefined) {
    const token = await githubToken(env, wanted['github-actions']);
    if (token !== null) found.push({ token, required: false });
  }
  return [...named, ...found];
}
