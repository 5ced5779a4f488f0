/** What a worker's data path needs, got from its parent. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../../src/config.js';
import type { Replica } from '../../src/identity/replica.js';
import { openRemoteLog, type Packed } from '../../src/log/index.js';
import type { Context, Decision, Draft, Recorded } from '../../src/model.js';
import { Packets } from '../../src/permit/packet.js';
import type { Policy } from '../../src/policy/index.js';
import { openPrices, type Wanted } from '../../src/spending/index.js';
import { Contexts, type SecureContext } from '../../src/tls/contexts.js';
import type { Leaf } from '../../src/tls/leaf.js';
import { Copies, type Lease } from '../../vault/index.js';
import { paths } from '../home.js';
import type { DataHouse } from '../proxy/data-path.js';
import type { Channel } from './channel.js';
import type {
  AgentWanted,
  ApprovalWanted,
  Counted,
  DeferWanted,
  Entry,
  LeaseWanted,
  Left,
  Spending,
  Voiding,
} from './messages.js';

const now = Date.now;

/** A decision that isn't a denial will have its end recorded. */
const opened = (draft: Draft): Entry['opens'] => {
  if (draft.type !== 'action.decided' || (draft.decision as Decision).effect === 'deny') return null;
  return { run: draft.run, gateway: (draft.subject as { id: string }).id };
};

function remoteLog(channel: Channel, keys: Replica['keys']) {
  const packets = new Packets(keys, now);
  return openRemoteLog({
    now,
    open: (packet, request) => packets.open(packet, request),
    random: randomBytes,
    parent: {
      record: (entry, draft, allowed) =>
        channel.ask('record', {
          entry,
          opens: opened(draft),
          allowed,
          completes: null,
        } satisfies Entry) as Promise<Recorded & Packed>,
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
  const log = remoteLog(channel, replica.keys);
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
    async agent(caller, call, gone) {
      const number = approvals++;
      const asked = channel.ask('agent', { number, caller, call } satisfies AgentWanted);
      const left = (): void => channel.tell('left', { number, stopped: false } satisfies Left);
      if (gone.aborted) left();
      gone.addEventListener('abort', left);
      try {
        return (await asked) as object;
      } finally {
        gone.removeEventListener('abort', left);
      }
    },
    rejected: attempt => log.record(attempt).then(({ id }) => id),
    voided: (run, reason) => channel.ask('void', { run, reason } satisfies Voiding) as Promise<string>,
    runs: replica.runs,
    gateways: replica.gateways,
    grants: replica.grants,
    kill: replica.kill,
    authority: { contextFor: host => contexts.find(host) ?? made(host) },
    vault: new Copies(
      {
        lease: (permit, hash, { method, path, query }) =>
          channel.ask('lease', {
            evidence: permit.allowed.evidence,
            packet: log.packetOf(permit),
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
    count(gateway, same) {
      if (!policy.shipped || same !== null)
        return channel.ask('count', { gateway, same } satisfies Counted) as Promise<Context['counters']>;
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
      get repeats() {
        return policy.repeats;
      },
      async decide(question) {
        const decision = await policy.decide(question);
        if (policy.shipped || 'minute' in question.context.counters) return decision;
        const reason = 'The policy was replaced while it was asked; send the request again.';
        return { effect: 'deny', rule: 'policy', reason, secret: null, policy_sha256: decision.policy_sha256 };
      },
    },
    deferrals: {
      async await({ trace: { request, question, decision, evidence }, ...wanted }) {
        const trace = { request: { ...request!, content: null }, question, decision, evidence };
        const packet = await channel.ask('defer', { ...wanted, trace } satisfies DeferWanted);
        return log.redeemed(packet as string, wanted.allowed.request);
      },
    },
    approvals: {
      async await(trace, flight, allowed) {
        const number = approvals++;
        const { question, decision, evidence } = trace;
        // Of a form its parts are bound, and nothing else needs the content there.
        const isForm = trace.request!.body.media_type === 'multipart/form-data';
        const request = { ...trace.request!, content: isForm ? trace.request!.content : null };
        const grants = trace.caller!.grants.map(({ id }) => id);
        const wanted: ApprovalWanted = { number, trace: { request, question, decision, evidence }, grants, allowed };
        const granted = channel.ask('approve', wanted);
        const left = (): void => channel.tell('left', { number, stopped: flight.stopped } satisfies Left);
        flight.onStop = left;
        if (flight.stopped || flight.gone) left();
        try {
          return log.redeemed((await granted) as string, allowed.request);
        } finally {
          flight.onStop = null;
        }
      },
    },
  };
}
