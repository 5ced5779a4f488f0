/** Approvers over the control socket: who may answer approvals is the operator's to say, and each change is an entry. */
import { isMailbox, isMember } from '../../config/notify.js';
import { exitCode, Fault } from '../../errors.js';
import { text } from '../fields.js';
import type { Call, Route } from '../server.js';

const list = (value: unknown): string[] =>
  Array.isArray(value) ? [...new Set(value.filter(item => typeof item === 'string' && item !== ''))] : [];

function add({ house, body, by }: Call): unknown {
  const name = text(body.name);
  const users = list(body.users);
  const unfit = [...users, ...list(body.roles), text(body.email), text(body.slack)].find(
    each => each.length > 254 || /[\p{Cc}\p{Cf}\s]/u.test(each),
  );
  if (unfit !== undefined)
    throw new Fault(exitCode.usage, 'A user, role, address or member id has up to 254 characters, and no spaces.');
  const [email, slack] = [text(body.email), text(body.slack)];
  if (email !== '' && !isMailbox(email))
    throw new Fault(
      exitCode.usage,
      `${email} is no address that mail can be sent to.`,
      'Give one such as alice@example.com.',
    );
  if (slack !== '' && !isMember(slack))
    throw new Fault(
      exitCode.usage,
      `${slack} is no member id of Slack.`,
      "Copy it from the member's profile, such as U024BE7LH.",
    );
  return house.approvers.add(
    {
      name,
      public_key: text(body.public_key),
      // Whoever isn't said to be somebody else is the user of that name.
      users: users.length > 0 ? users : [name],
      roles: list(body.roles),
      email: email || null,
      slack: slack || null,
    },
    by,
  );
}

async function link({ house, params, body, by }: Call): Promise<unknown> {
  const approval = text(body.approval);
  return { approval, approver: params.name, url: await house.links.make(approval, params.name!, by) };
}

export const approverRoutes: readonly Route[] = [
  { method: 'GET', path: '/approvers', authority: 'any', handle: ({ house }) => house.approvers.list() },
  { method: 'POST', path: '/approvers', authority: 'operator', handle: add },
  {
    method: 'DELETE',
    path: '/approvers/:name',
    authority: 'operator',
    handle: ({ house, params, by }) => house.approvers.remove(params.name!, by),
  },
  { method: 'POST', path: '/approvers/:name/links', authority: 'operator', handle: link },
];
