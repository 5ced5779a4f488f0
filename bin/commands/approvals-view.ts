/** View: an approval as its approver reads it: all that will be sent, and for whom. Text of agents is inert. */
import { neededOf } from '../../src/approvals/demand.js';
import type { Approval } from '../../src/approvals/index.js';
import { leftOf } from '../../src/approvals/scope.js';
import { inert, line, field as show, styled } from '../print.js';

type Part = Pick<Approval, 'action' | 'resource'>;

/** Everything that the request would do: who approves it approves all of that. */
export const partsOf = ({ action, resource, also = [] }: Approval): readonly Part[] => [{ action, resource }, ...also];

export const parameters = ({ action }: Part): string =>
  inert(
    Object.entries(action.parameters)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(' '),
  );

export const resource = ({ resource: { type, id } }: Part): string => inert(id === '' ? type : `${type}:${id}`);

/** Whether what it holds was written to sway its reader: then nobody reads it by accident. */
export const suspicious = ({ flags }: Approval): boolean => flags.includes('prompt_injection_suspected');

/** Its state, with how many of how many have said yes, or how often it may still be used. */
export function stateOf(approval: Approval): string {
  const { state, yes, scope, used } = approval;
  if (state === 'pending' && neededOf(approval) > 1) return `pending (${yes.length} of ${neededOf(approval)})`;
  if (state !== 'granted' || scope === null) return state;
  const left = leftOf(approval);
  const uses = left === null ? `used ${used} times` : `${left} of ${left + used} left`;
  return `granted (${uses}${scope.resource ? ', by resource' : ''}${scope.run ? ', in its run' : ''})`;
}

/** A list shows so much of what an agent writes; all of it is for whoever looks at the one. */
const short = (text: string): string => (text.length <= 60 ? text : `${text.slice(0, 59)}…`);

/** Its row in a list: id, state, gateway, actions, resources, parameters, end. */
export function rowOf(approval: Approval): string[] {
  const parts = partsOf(approval);
  const hidden = suspicious(approval);
  return [
    approval.id,
    stateOf(approval),
    approval.gateway,
    short(parts.map(({ action }) => action.name).join(', ')),
    hidden ? '(hidden)' : short([...new Set(parts.map(resource))].join(', ')),
    hidden ? '(hidden)' : short(parts.map(parameters).filter(Boolean).join(', ')),
    approval.expires_at ?? 'with its run',
  ];
}

/** The demands in words: `alice or role:sre`; `2 of alice or role:sre, and 1 of anybody`. */
const demanded = ({ demands }: Approval): string =>
  demands
    .map(({ approvers, approvals }) => `${approvals} of ${approvers.length > 0 ? approvers.join(' or ') : 'anybody'}`)
    .join(', and ');

const json = (value: unknown): string => inert(JSON.stringify(value));
const facts = (of: object): string =>
  Object.entries(of)
    .map(([name, value]) => `${inert(name)}=${inert(typeof value === 'string' ? value : JSON.stringify(value))}`)
    .join(' ');

function who({ gateway, run, subject, grant }: Approval): void {
  const { chain, user, agent, workload, environment } = subject;
  show('who', `${gateway} (${run})${environment ? ` in ${inert(environment)}` : ''}`);
  if (chain.length > 1) show('chain', chain.map(inert).join(' > '));
  if (agent !== undefined) show('agent', inert([agent.name, agent.version].filter(Boolean).join(' ')));
  if (Object.keys(workload).length > 0) show('workload', facts(workload));
  const { sub, issuer, email, roles = [] } = user;
  const more = [email !== sub && email, issuer && `by ${issuer}`, roles.length > 0 && `roles ${roles.join(', ')}`];
  const detail = more.filter(Boolean).join('; ');
  show('for', inert(sub) + (detail ? ` (${inert(detail)})` : ''));
  if (grant !== null) show('grant', `${grant.id} until ${grant.expires_at}: ${inert(grant.task)}`);
}

function what(approval: Approval): void {
  for (const part of partsOf(approval)) {
    const { name, access, hints = [], unknown } = part.action;
    show('what', `${inert(name)} (${[access, ...hints].join(', ')}) on ${resource(part)}`);
    show('with', parameters(part) || '-');
    if (unknown.length > 0) show('unknown', inert(unknown.join(', ')));
  }
  const { request, difference } = approval;
  if (request !== null) {
    const { method, scheme, host, port, path, query, body } = request;
    const at = port === (scheme === 'https' ? 443 : 80) ? host : `${host}:${port}`;
    show('request', inert(`${method} ${scheme}://${at}${path}${query && `?${query}`}`));
    show(
      'body',
      body.state === 'none'
        ? '-'
        : `${body.bytes} bytes${body.media_type ? ` of ${inert(body.media_type)}` : ''}, sha256 ${body.sha256 ?? 'unknown'}`,
    );
  }
  if (difference === null) return show('before', 'nothing like it was approved');
  show(
    'before',
    `${difference.approval} was approved at ${difference.at}; now ${difference.changes.length === 0 ? 'the same' : 'different:'}`,
  );
  for (const { name, before, now } of difference.changes) show('', `${inert(name)}: ${json(before)} → ${json(now)}`);
}

/** Prints all that an approver should know; what is suspicious only where `reveal` says so. */
export function view(approval: Approval & { readonly policy_changed?: boolean }, reveal: boolean): void {
  line(`${styled('bold', approval.id)}  ${stateOf(approval)}`);
  who(approval);
  if (suspicious(approval) && !reveal) {
    show(
      'what',
      partsOf(approval)
        .map(({ action }) => `${inert(action.name)} (${action.access})`)
        .join(', '),
    );
    line(styled('red', 'Its text seems to give orders to whoever reads it, so target and parameters are hidden.'));
    line(`  Read them with care: tf approvals show ${approval.id} --reveal`);
  } else what(approval);
  if (approval.flags.length > 0) show('flags', inert(approval.flags.join(', ')));
  show('why', `${inert(approval.why)} (${inert(approval.rule)})`);
  show('secret', approval.secret === null ? 'none' : inert(approval.secret));
  show('needs', inert(demanded(approval)));
  for (const { by, approver, at } of approval.yes) show('yes', `by ${inert(approver ?? by)} at ${at}`);
  show('bound to', approval.binding);
  show('until', approval.expires_at ?? 'its run ends');
  if (approval.policy_changed && approval.state === 'pending')
    show('note', 'the policy has changed since: unless it is held now, the request has to ask anew');
  if (approval.by !== null && approval.state !== 'pending')
    show('answered', `by ${inert(approval.by)}${approval.reason ? `: ${inert(approval.reason)}` : ''}`);
}
