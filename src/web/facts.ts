/**
 * Facts: what an approver sees of an approval before he answers, as `tf approvals show` prints it. What looks like a message to
 * him is behind a warning.
 */
import type { Approval, Part } from '../approvals/index.js';
import { html, type Markup } from './html.js';

const hiding = 'prompt_injection_suspected';

const row = (name: string, value: Markup): Markup => html`<dt>${name}</dt><dd>${value}</dd>
`;
const code = (text: string): Markup => html`<code>${text}</code>`;
const json = (value: unknown): Markup => code(JSON.stringify(value));
const listed = (all: readonly (string | false | undefined)[]): string => all.filter(Boolean).join('; ');
const some = <T>(value: T | null, print: (value: T) => Markup): readonly Markup[] =>
  value === null ? [] : [print(value)];

function who({ subject, run, grant }: Approval): readonly Markup[] {
  const { chain, user, agent, workload, environment } = subject;
  const { sub, issuer, email, roles = [] } = user;
  const more = listed([
    email !== sub && email,
    issuer && `by ${issuer}`,
    roles.length > 0 && `roles ${roles.join(', ')}`,
  ]);
  const place = Object.entries(workload).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [
    row('who', html`<strong>${chain.join(' › ')}</strong> ${environment && `in ${environment} `}<small>${run}</small>`),
    ...some(agent ?? null, ({ name, version = '' }) => row('agent', html`${name} ${version}`)),
    ...(place.length === 0 ? [] : [row('workload', code(place.join(' ')))]),
    row('for', html`<strong>${sub}</strong>${more && ` (${more})`}`),
    ...some(grant, ({ id, task, expires_at }) => row('task', html`${task} <small>${id} until ${expires_at}</small>`)),
  ];
}

function what({ action, resource: { type, id } }: Part, hidden: boolean): readonly Markup[] {
  const { name, access, hints = [], parameters, unknown } = action;
  const target = [
    row('on', code(id === '' ? type : `${type}:${id}`)),
    ...Object.entries(parameters).map(([key, value]) => row(key, json(value))),
    ...(unknown.length === 0 ? [] : [row('unknown', code(unknown.join(', ')))]),
  ];
  return [row('what', html`<strong>${name}</strong> (${[access, ...hints].join(', ')})`), ...(hidden ? [] : target)];
}

function sent({ method, scheme, host, port, path, query, body }: NonNullable<Approval['request']>): Markup {
  const at = port === (scheme === 'https' ? 443 : 80) ? host : `${host}:${port}`;
  const size = `${body.bytes} bytes${body.media_type ? ` of ${body.media_type}` : ''}, sha256 ${body.sha256 ?? 'unknown'}`;
  return html`${code(`${method} ${scheme}://${at}${path}${query && `?${query}`}`)}<br>${body.state === 'none' ? 'no body' : size}`;
}

const before = ({ approval, at, changes }: NonNullable<Approval['difference']>): Markup =>
  html`${approval} was approved at ${at}; now ${changes.length === 0 ? 'the same' : 'different:'}${changes.map(
    change => html`<br>${change.name}: <del>${json(change.before)}</del> → <ins>${json(change.now)}</ins>`,
  )}`;

/** All that is hidden while it seems to speak to its reader. */
function target(approval: Approval): readonly Markup[] {
  const { also = [], request, difference } = approval;
  return [
    ...[approval, ...also].flatMap(part => what(part, false)),
    ...some(request, each => row('request', sent(each))),
    row('before', difference === null ? html`nothing like it was approved` : before(difference)),
  ];
}

/** Native disclosure: it needs no script. */
const warning = (approval: Approval): Markup => html`<div class="warning" role="note">
<p><strong>This may be written to persuade you.</strong> What the agent wants to send looks like instructions for people or other
agents. It is hidden; read it as the text of a stranger, and approve only what you expected.</p>
<details><summary>Show it</summary><dl>
${target(approval)}</dl></details>
</div>`;

/** Who asks for what, why, and what it takes. */
export function factsOf(approval: Approval): Markup {
  const { flags, also = [], demands, yes } = approval;
  const hidden = flags.includes(hiding);
  const needs = demands.map(
    ({ approvers, approvals }) => `${approvals} of ${approvers.length > 0 ? approvers.join(' or ') : 'anybody'}`,
  );
  const rows = [
    ...who(approval),
    ...(hidden ? [approval, ...also].flatMap(part => what(part, true)) : target(approval)),
    ...(flags.length === 0 ? [] : [row('flags', html`${flags.join(', ')}`)]),
    row('why', html`${approval.why} <small>${approval.rule}</small>`),
    row('secret', html`${approval.secret ?? 'none'}`),
    row('needs', html`${needs.join(', and ')}`),
    ...yes.map(({ by, approver, at }) => row('yes', html`by ${approver ?? by} at ${at}`)),
    row('bound to', code(approval.binding)),
    row('until', html`${approval.expires_at ?? 'its run ends'}`),
  ];
  return html`${hidden ? warning(approval) : html``}<dl>
${rows}</dl>`;
}
