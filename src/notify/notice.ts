/** Notice: what people are told of an approval, as data; every text in it is inert. Channels print it. */
import type { Approval } from '../approvals/index.js';
import { inert } from './text.js';

/** What has happened to an approval; `noted`: somebody said yes, and it takes another person. */
export type Event = 'requested' | 'noted' | 'granted' | 'refused' | 'expired' | 'cancelled';

/** Whether it still waits for an answer. */
export const isOpen = (event: Event): boolean => event === 'requested' || event === 'noted';

/** What is hidden is null. */
export interface Notice {
  readonly approval: string;
  readonly event: Event;
  readonly gateway: string;
  /** Gateways from the outermost parent on, if there is more than one. */
  readonly chain: readonly string[];
  /** Account or person that the agent acts for. */
  readonly user: string;
  readonly agent: string | null;
  /** Actions, each once. */
  readonly actions: readonly string[];
  readonly resources: readonly string[] | null;
  readonly parameters: Readonly<Record<string, string>> | null;
  readonly request: string | null;
  readonly why: string;
  readonly requested_at: string;
  /** Null: with its run. */
  readonly expires_at: string | null;
  /** How many have said yes. */
  readonly yes: number;
  /** Who answered last, and what for. */
  readonly by: string | null;
  readonly reason: string | null;
  /** Set when the request holds text that tries to give orders to whoever reads it: then its target isn't shown. */
  readonly warning: string | null;
}

/** What an approver's link looks like, if there are links. */
export interface Link {
  readonly approver: string;
  readonly url: string;
}

const mostParameters = 20;

const printed = (value: unknown): string => inert(typeof value === 'string' ? value : JSON.stringify(value));

const warning = 'The request holds text that tries to give orders to whoever reads it. Its target is not shown here.';

/**
 * The notice of what happened to an approval. `suspicious` says whether texts read like orders: what does isn't shown, since
 * it would keep the notice itself from being sent, too.
 */
export function noticeOf(approval: Approval, event: Event, suspicious: (value: unknown) => boolean): Notice {
  const { subject, action, resource, also = [], request, flags } = approval;
  const all = [{ action, resource }, ...also];
  const parameters = Object.entries(action.parameters).slice(0, mostParameters);
  const unique = (texts: readonly string[]): string[] => [...new Set(texts)].slice(0, mostParameters);
  const spelled = ({ type, id }: Approval['resource']): string => inert(id === '' ? type : `${type}:${id}`);
  const full: Notice = {
    approval: approval.id,
    event,
    gateway: inert(approval.gateway),
    chain: subject.chain.length > 1 ? subject.chain.map(name => inert(name)) : [],
    user: inert(subject.user.email ?? subject.user.sub),
    agent: subject.agent === undefined ? null : inert(subject.agent.name, 100),
    actions: unique(all.map(part => inert(part.action.name))),
    resources: unique(all.map(part => spelled(part.resource))),
    parameters: Object.fromEntries(parameters.map(([name, value]) => [inert(name, 100), printed(value)])),
    request: request === null ? null : inert(`${request.method} ${request.host}${request.path}`),
    why: inert(approval.why),
    requested_at: approval.requested_at,
    expires_at: approval.expires_at,
    yes: approval.yes.length,
    by: approval.by === null ? null : inert(approval.by, 100),
    reason: approval.reason === null ? null : inert(approval.reason),
    warning: null,
  };
  if (!flags.includes('prompt_injection_suspected') && !suspicious(full)) return full;
  const { agent, why, reason } = full;
  return {
    ...full,
    ...{ resources: null, parameters: null, request: null, warning },
    agent: suspicious(agent) ? null : agent,
    why: suspicious(why) ? 'not shown here' : why,
    reason: suspicious(reason) ? null : reason,
  };
}

/** What happened, as the beginning of a sentence. */
export const headline: Readonly<Record<Event, string>> = {
  requested: 'Approval needed',
  noted: 'It takes another yes',
  granted: 'Approved',
  refused: 'Refused',
  expired: 'Expired without an answer',
  cancelled: 'Cancelled',
};

/** So many characters of a list are shown. */
const longList = 500;

/** What is known, by name, in the order in which people read it; parameters, whose names aren't ours, stand apart. */
export function rowsOf(notice: Notice): readonly (readonly [name: string, value: string])[] {
  const { chain, agent, user, resources, request, by, reason } = notice;
  const rows: readonly (readonly [string, string | null])[] = [
    ['Action', inert(notice.actions.join(', '), longList)],
    ['Resource', resources && inert(resources.join(', '), longList)],
    ['Gateway', inert(chain.length > 0 ? chain.join(' → ') : notice.gateway, longList)],
    ['For', agent === null ? user : `${user}, by ${agent}`],
    ['Why', notice.why],
    ['Request', request],
    ['Expires', notice.expires_at],
    ['Answered by', by],
    ['Because', reason],
  ];
  return rows.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
}
