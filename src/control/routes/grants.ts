/** Grants over the control socket: who is inside of a run narrows, the operator issues, anybody revokes. */
import { exitCode, Fault } from '../../errors.js';
import type { Run } from '../../identity/runs.js';
import { issueGrant, revokeGrant } from '../granting.js';
import type { Call, Route } from '../server.js';

/**
 * Who asks: the run that the caller stands in, or, by a token that it shows, a grant in that run. Null: the operator. Throws
 * `Fault`, recorded, when it can't be told who that is.
 */
function callerOf(call: Call): Run | null {
  const { house, body, standing } = call;
  const { token } = body;
  const shown = typeof token === 'string' ? house.runs.byToken(token) : undefined;
  if (standing === null && token === undefined) {
    call.asOperator();
    return null;
  }
  // Whoever could name any process could ask in the name of a run that may do more.
  call.asItself();
  // What is only claimed is shown by a token, or not believed.
  const within = standing?.sure === true && standing.how !== 'claim' ? house.runs.find(standing.run) : undefined;
  const same = standing === null || shown?.subject.run === standing.run;
  const caller = token === undefined ? within : same ? shown : undefined;
  if (caller !== undefined) return caller;
  const reason = 'It can not be told in which run this is, or the token that it shows is not one of that run.';
  house.log.note({
    type: 'auth.rejected',
    run: standing?.run ?? null,
    at: 'control',
    request: 'POST /grants',
    reason,
  });
  throw new Fault(
    exitCode.refused,
    reason,
    'Do it from a process of the run itself, or ask an operator to do it from outside.',
  );
}

const list = ({ house, query }: Call): unknown => {
  const all = house.grants.list(query.get('gateway') ?? undefined);
  return query.get('all') === 'true' ? all : all.filter(({ state }) => state === 'live');
};

export const grantRoutes: readonly Route[] = [
  { method: 'GET', path: '/grants', authority: 'any', handle: list },
  {
    method: 'POST',
    path: '/grants',
    authority: 'any',
    handle: call => issueGrant(call.house, { caller: callerOf(call), fields: call.body, by: call.by }),
  },
  {
    method: 'DELETE',
    path: '/grants/:id',
    authority: 'any',
    handle: async ({ house, params, by }) => ({ revoked: await revokeGrant(house, params.id!, by) }),
  },
];
