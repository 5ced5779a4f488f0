/** What a worker's data path needs, got from its parent. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../../src/config.js';
import type { Replica } from '../../src/identity/replica.js';
import { openRemoteLog } from '../../src/log/index.js';
import type { Context, Decision, Draft, Recorded } from '../../src/model.js';
import type { Allowed } from '../../src/permit.js';
import type { Policy } from '../../src/policy/index.js';
import { openPrices, type Wanted } from '../../src/spending/index.js';
import { Contexts, type SecureContext } from '../../src/tls/contexts.js';
import type { Leaf } from '../../src/tls/leaf.js';
import { Copies, type Lease } from '../../vault/index.js';
import { paths } from '../home.js';
import type { DataHouse } from '../proxy/data-path.js';
import type { Channel } from './channel.js';
import type { ApprovalWanted, Entry, LeaseWanted, Left, Spending } from './messages.js';

const now = Date.now;

/** A decision that isn't a denial will have its end recorded. */
const opened = (draft: Draft): Entry['opens'] => {
  if (draft.type !== 'action.decided' || (draft.decision as Decision).effect === 'deny') return null;
  return { run: draft.run, gateway: (draft.subject as { id: string }).id };
};

function remoteLog(channel: Channel) {
  return openRemoteLog({
    now,
    random: randomBytes,
    parent: {
      record: (entry, draft, allowed) =>
        channel.ask('record', {
          entry,
          opens: opened(draft),
          allowed,
          completes: null,
        } satisfies Entry) as Promise<Recorded>,
      note(entry, draft) {
        const completes = draft.type === 'action.completed' ? (draft.decided as string | null) : null;
        channel.tell('note', { entry, opens: null, allowed: null, completes } satisfies Entry);
      },
    },
  });
}

/** Furnishes a worker. */
export function furnish(
  channel: Channel,
  config: Config,
  replica: Replica,
  policy: Policy,
  leafKey: string,
  home: string,
): DataHouse & { readonly vault: Copies } {
  const log = remoteLog(channel);
  const prices = openPrices(paths(home).prices);
  const contexts = new Contexts(leafKey, now, config.limits.leaves);
  const making = new Map<string, Promise<SecureContext>>();
  const made = (host: string): Promise<SecureContext> => {
    const known = making.get(host);
    if (known !== undefined) return known;
    const context = channel
      .ask('leaf', host)
      .then(leaf => contexts.make(host, leaf as Leaf))
      .finally(() => making.delete(host));
    making.set(host, context);
    return context;
  };
  let approvals = 0;
  return {
    config,
    now,
    log,
    rejected: attempt => log.record(attempt).then(({ id }) => id),
    runs: replica.runs,
    gateways: replica.gateways,
    kill: replica.kill,
    authority: { contextFor: host => contexts.find(host) ?? made(host) },
    vault: new Copies(
      {
        lease: (evidence, hash, { method, path, query }) =>
          channel.ask('lease', {
            evidence,
            hash,
            target: { method, path, query },
          } satisfies LeaseWanted) as Promise<Lease>,
        needles: gateway => channel.ask('needles', gateway) as Promise<Buffer[]>,
        refused: opened_by => channel.tell('refused', opened_by),
      },
      now,
    ),
    prices,
    ledger: {
      reserve: wanted => channel.ask('reserve', wanted satisfies Wanted) as Promise<number>,
      settle: (reservation, amounts) => channel.tell('spent', { reservation, amounts } satisfies Spending),
      release: reservation => channel.tell('unspent', reservation),
    },
    // The default policy doesn't look at counters, so nobody waits for them; each request is counted once all the same.
    count(gateway) {
      if (!policy.shipped) return channel.ask('count', gateway) as Promise<Context['counters']>;
      channel.tell('counted', gateway);
      return {};
    },
    policy: {
      get digest() {
        return policy.digest;
      },
      get shipped() {
        return policy.shipped;
      },
      async decide(question) {
        const decision = await policy.decide(question);
        if (policy.shipped || 'minute' in question.context.counters) return decision;
        const reason = 'The policy was replaced while it was asked; send the request again.';
        return { effect: 'deny', rule: 'policy', reason, secret: null, policy_sha256: decision.policy_sha256 };
      },
    },
    approvals: {
      async await(trace, flight, allowed) {
        const number = approvals++;
        const { question, decision, evidence } = trace;
        const request = { ...trace.request!, content: null };
        const wanted: ApprovalWanted = { number, trace: { request, question, decision, evidence }, allowed };
        const granted = channel.ask('approve', wanted);
        const left = (): void => channel.tell('left', { number, stopped: flight.stopped } satisfies Left);
        flight.onStop = left;
        if (flight.stopped || flight.gone) left();
        try {
          return log.redeemed((await granted) as Allowed);
        } finally {
          flight.onStop = null;
        }
      },
    },
  };
}
