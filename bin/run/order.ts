/** Order: everything that the proxy is told of a run before it starts. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { Fault } from '../../src/errors.js';
import { userName } from '../user.js';
import { type CommandLine, notStarted } from './command-line.js';
import { programOf, searchPath } from './program.js';
import type { Order } from './session.js';
import { workloadHere } from './workload.js';

/** The options that say something to the proxy. */
export interface OrderOptions {
  readonly connectTo: string[];
  readonly upstreamCa: string[];
  readonly asTokenFile?: string;
  readonly nonce?: string;
  readonly attestationFile: string[];
  readonly task?: string;
  readonly action: string[];
  readonly resource: string[];
  readonly ttl?: string;
  readonly agentName?: string;
  readonly agentVersion?: string;
}

const digest = (value: string): string => createHash('sha256').update(value).digest('hex');

/** Digests of the environment's values: the proxy says which are secrets, and no value of either side travels. */
const environmentDigests = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env)
      .filter(([, value]) => value)
      .map(([name, value]) => [name, digest(value!)]),
  );

/** The tokens that go with it. What reads them is loaded only where there may be some. */
async function tokensIn({ asTokenFile, nonce, attestationFile }: OrderOptions): Promise<object> {
  const { TF_ID_TOKEN, KUBERNETES_SERVICE_HOST, ACTIONS_ID_TOKEN_REQUEST_URL } = process.env;
  const named = asTokenFile !== undefined || attestationFile.length > 0;
  if (nonce !== undefined && asTokenFile === undefined && !TF_ID_TOKEN?.trim())
    throw new Fault(
      notStarted,
      'There is no ID token that could have this nonce.',
      'Name one with --as-token-file FILE.',
    );
  if (!named && !TF_ID_TOKEN && !KUBERNETES_SERVICE_HOST && !ACTIONS_ID_TOKEN_REQUEST_URL) return {};
  const { attestations, userToken } = await import('./tokens.js');
  const token = userToken(asTokenFile, process.env);
  const attested = await attestations(attestationFile, process.env);
  return {
    ...(token !== undefined && { id_token: token, nonce }),
    ...(attested.length > 0 && { attestations: attested }),
  };
}

/** Addresses and roots for this run alone. */
async function upstreamIn({ connectTo, upstreamCa }: OrderOptions): Promise<{ upstream?: object }> {
  if (connectTo.length + upstreamCa.length === 0) return {};
  const { parseConnectTo } = await import('../connect-to.js');
  const ca = upstreamCa.map(file => resolve(file));
  // A file that can't be used is said now, not to the agent at its first request.
  if (ca.length > 0) (await import('../../src/tls/trust.js')).upstreamTrust({ extraFiles: ca });
  return { upstream: { connect_to: Object.fromEntries(connectTo.map(parseConnectTo)), ca } };
}

/** The grant that is to limit the run as a whole, if one is asked for. */
function grantIn({ task, action, resource, ttl }: OrderOptions): { grant?: object } {
  if (task === undefined && ttl === undefined && action.length + resource.length === 0) return {};
  return { grant: { task, actions: action, resources: resource, ttl } };
}

/** What starts this run. Throws `Fault` when a file that was named can't be used. */
export async function orderFor({ gateway, command }: CommandLine, options: OrderOptions): Promise<Order> {
  const { name, program, script } = programOf(command, searchPath(process.env));
  return {
    gateway,
    pid: process.pid,
    user: userName(),
    ...(await tokensIn(options)),
    program: { name: options.agentName ?? name, version: options.agentVersion, program, script },
    workload: workloadHere(command[0]),
    environment: environmentDigests(),
    ...grantIn(options),
    ...(await upstreamIn(options)),
  };
}
