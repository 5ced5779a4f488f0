/**
 * Granting: who may issue which grant, and when one holds. The operator may for any gateway; whoever acts in a run may only
 * narrow what that run has, under the grants that it has.
 */
import { patternFault } from '../action/pattern.js';
import { parseDuration } from '../config/duration.js';
import { exitCode, Fault } from '../errors.js';
import { endOf } from '../identity/bearers.js';
import { type GrantFields, type GrantState, grantEntry } from '../identity/grants.js';
import type { Run } from '../identity/runs.js';
import type { Gateway } from '../model.js';
import type { House } from './house.js';

/** A grant that was issued: `exp` in seconds since the epoch, and `token` given out this once. */
export interface Issued {
  readonly token: string;
  readonly exp: number;
  readonly jti: string;
  readonly grant: GrantState;
}

/** Who asks for a grant, and what for: `gateway`, `task`, `actions`, and perhaps `resources` and `ttl` (`5m`). */
export interface GrantOrder {
  /** Whoever acts in a run; null: the operator, who was asked for the credential. */
  readonly caller: Run | null;
  readonly fields: Readonly<Record<string, unknown>>;
  /** For the log. */
  readonly by: string;
}

/** How long a grant lasts if nothing is said, and at most; in milliseconds. */
const usual = 300_000;
const longest = 86_400_000;
const mostPatterns = 50;
const members = ['gateway', 'task', 'actions', 'resources', 'ttl', 'token'];
const example = 'An example is in: tf grant issue --help';

/** One text, or a list of them. */
const list = (value: unknown): readonly unknown[] => [value ?? []].flat();

function patterns(fields: GrantOrder['fields'], member: string, separator: '.' | '/', faults: string[]): string[] {
  const given = list(fields[member]);
  if (given.length > mostPatterns) faults.push(`A grant has at most ${mostPatterns} ${member}.`);
  const texts = given.filter((each): each is string => typeof each === 'string' && each.length <= 500);
  if (texts.length < given.length) faults.push(`${member} is a list of patterns of at most 500 characters.`);
  faults.push(...texts.map(text => patternFault(text, separator)).filter(fault => fault !== null));
  return [...new Set(texts)];
}

/** Reads what a grant is to be, but its gateway. Throws a `Fault` (usage) with all that is wrong. */
export function readGrant(given: unknown): Omit<GrantFields, 'gateway'> {
  const fields = typeof given === 'object' && given !== null ? (given as GrantOrder['fields']) : {};
  const faults: string[] = [];
  // A restriction that is not understood must not be dropped silently.
  for (const member of Object.keys(fields))
    if (!members.includes(member))
      faults.push(`A grant has no ${JSON.stringify(member)}; it has ${members.slice(0, -1).join(', ')}.`);
  const task = typeof fields.task === 'string' ? fields.task.trim() : '';
  if (task === '') faults.push('The task is missing: --task TEXT.');
  else if (task.length > 200) faults.push('The task is longer than 200 characters.');
  else if (/[\p{Cc}\p{Surrogate}\u2028\u2029]/u.test(task))
    faults.push('The task contains control characters or broken Unicode.');
  const actions = patterns(fields, 'actions', '.', faults);
  if (list(fields.actions).length === 0) faults.push('The actions are missing: --action PATTERN, as often as needed.');
  const resources = patterns(fields, 'resources', '/', faults);
  const ttl = typeof fields.ttl === 'string' ? parseDuration(fields.ttl) : fields.ttl === undefined ? usual : null;
  if (ttl === null) faults.push('The time to live is a duration such as 30s, 5m or 2h.');
  else if (ttl < 1_000 || ttl > longest) faults.push('The time to live is 1s to 24h.');
  if (faults.length > 0) throw new Fault(exitCode.usage, faults.join('\n'), example);
  return { task, actions, resources, ttl: ttl! };
}

const refused = (message: string, hint: string): Fault => new Fault(exitCode.refused, message, hint);

/** The gateway that a grant is for. Throws `Fault`. */
function gatewayOf({ gateways, now }: House, { caller, fields }: GrantOrder): Gateway {
  const said = fields.gateway;
  const named = typeof said === 'string' && said !== '' ? said : null;
  const name = named ?? caller?.subject.id ?? '';
  if (name === '' || (named === null && said !== undefined))
    throw new Fault(exitCode.usage, 'The gateway is missing: --gateway NAME.', example);
  if (caller !== null) {
    const end = endOf(caller, now());
    if (end !== null) throw refused(end, 'Nothing can be granted under it any more.');
    if (name !== caller.subject.id)
      throw refused(
        `A grant for ${name} can't be issued by ${caller.subject.id}: a run grants only what is its own.`,
        'Ask an operator to do it from outside.',
      );
  }
  const gateway = gateways.find(name);
  if (gateway === undefined)
    throw new Fault(exitCode.missing, `There is no gateway ${name}.`, `Make it with: tf gateway create ${name}`);
  if (gateway.removed_at !== undefined)
    throw new Fault(
      exitCode.missing,
      `The gateway ${name} was removed.`,
      `Bring it back with: tf gateway reinstate ${name}`,
    );
  if (caller !== null && gateway.grants === 'required' && !caller.grants.some(grant => grant.gateway === name))
    throw refused(
      `The gateway ${name} may act only under a grant, and this run has none that it could narrow.`,
      'Ask an operator to do it from outside.',
    );
  return gateway;
}

/** Issues it, once it is on disk and in the log, and every process of the proxy knows it. Throws `Fault`. */
async function keep(house: House, order: GrantOrder, fields: GrantFields, whole: boolean): Promise<Issued> {
  const { caller, by } = order;
  const user = caller?.subject.user ?? { sub: house.owner };
  const { grant, token } = house.grants.issue(fields, { caller, whole, user, by });
  try {
    await house.log.record(grantEntry('grant.issued', grant, by));
    await house.changed('state');
  } catch (error) {
    // What can't be recorded isn't given out.
    house.grants.withdraw(grant.id);
    throw error;
  }
  return { token, exp: Date.parse(grant.expires_at) / 1000, jti: grant.id, grant };
}

/**
 * Issues a grant. Throws `Fault`: usage with all that is wrong, refused for another gateway than the caller's or when there is
 * nothing to narrow, missing for a gateway that there isn't.
 */
export async function issueGrant(house: House, order: GrantOrder): Promise<Issued> {
  const fields = readGrant(order.fields);
  return keep(house, order, { ...fields, gateway: gatewayOf(house, order) }, false);
}

/**
 * Puts a whole run, in which nothing was sent yet, under a grant; `operator`: whoever asks may issue the first one. Throws
 * `Fault`; the run must then not go on.
 */
export async function limitRun(
  house: House,
  run: Run,
  { fields, by, operator }: Pick<GrantOrder, 'fields' | 'by'> & { readonly operator: boolean },
): Promise<GrantState> {
  const gateway = gatewayOf(house, {
    caller: operator ? null : run,
    fields: { ...fields, gateway: run.subject.id },
    by,
  });
  return (await keep(house, { caller: run, fields, by }, { ...readGrant(fields), gateway }, true)).grant;
}

/**
 * Ends a grant and all below it, what is under way under them, and what was deferred. Throws `Fault`: missing, or failed if it
 * was revoked or has expired.
 */
export async function revokeGrant(house: House, id: string, by: string): Promise<readonly GrantState[]> {
  const known = house.grants.find(id);
  if (known === undefined)
    throw new Fault(exitCode.missing, `There is no grant ${id}.`, 'List them with: tf grant list');
  if (known.state === 'revoked' || known.state === 'expired')
    throw new Fault(exitCode.failed, `The grant ${id} is ${known.state} already.`);
  let unwritten = false;
  let ended: readonly GrantState[] = [];
  try {
    ended = house.grants.revoke(id);
  } catch {
    unwritten = true;
  }
  await house.stop({ kind: 'grant', name: id });
  for (const grant of unwritten ? [house.grants.find(id)!] : ended)
    house.log.note(grantEntry('grant.revoked', grant, by));
  if (unwritten)
    throw new Fault(
      exitCode.failed,
      'It is revoked now, but this could not be written down: it would not last over a restart.',
      'Look at the disk, then stop the gateway: tf kill --help',
    );
  return ended;
}
