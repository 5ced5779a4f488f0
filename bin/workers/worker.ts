/**
 * A worker: the data path in a process of its own. Nothing in it outlives it: who may do what, the log, the vault, the
 * approvals and the authority's key are its parent's. Without that one it ends at once.
 */
import type { Socket } from 'node:net';
import { Replica } from '../../src/identity/replica.js';
import { toData } from '../../src/policy/index.js';
import type { SecretMeta } from '../../vault/index.js';
import { paths } from '../home.js';
import { openInstalled } from '../proxy/connectors.js';
import { openDataPath } from '../proxy/data-path.js';
import { openStoredPolicy } from '../proxy/policy.js';
import { Channel } from './channel.js';
import { furnish } from './furnish.js';
import type { Drain, PolicyChange, Start, StateChange, Stopped } from './messages.js';

interface Worker {
  connect(socket: Socket): void;
  hear(what: string, value: unknown): unknown;
}

// The parent hears what is sent to its group, and says when this one is to end.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit(1));

let hurry = (): void => {};
const hurried = new Promise<void>(resolve => {
  hurry = resolve;
});

let worker: Worker | null = null;
let starting: Promise<Worker> | null = null;

const channel = new Channel(
  { send: (message, socket, done) => void process.send?.(message, socket, {}, done) },
  {
    async ask(what, value) {
      starting ??= start(value as Start);
      worker = await starting;
      // What is said while it starts waits until it has.
      return what === 'start' ? null : worker.hear(what, value);
    },
    tell: what => void (what === 'hurry' && hurry()),
  },
);
const diagnose = (error: unknown): void =>
  channel.tell('diagnose', error instanceof Error ? (error.stack ?? error.message) : String(error));
process.on('unhandledRejection', diagnose);
process.on('message', (message, socket) => {
  if (typeof message !== 'number') return channel.hear(message);
  channel.tell('taken', message);
  if (socket !== undefined && worker !== null) return worker.connect(socket as Socket);
  (socket as Socket | undefined)?.destroy();
  channel.tell('closed', null);
});

async function start({ home, config, snapshot, secrets, policy: stored, leafKey }: Start): Promise<Worker> {
  const replica = new Replica();
  replica.take(snapshot);
  const { timezone } = config;
  const data = () =>
    toData(replica.gateways.permissions(), replica.gateways.list(), { timezone, freezes: replica.freezes });
  let inForce = JSON.stringify(data());
  const settings = { get: (name: string) => (name === 'policy.wasm_sha256' ? stored : undefined) };
  const policy = await openStoredPolicy(paths(home), settings, data(), config.policy.deadline, diagnose);
  const house = furnish(channel, config, replica, policy, leafKey, home);
  house.vault.take(secrets);
  const catalog = openInstalled(home, config);
  const path = openDataPath({ house, catalog, diagnose });

  const changeState = ({ snapshot: next, stop }: StateChange): Stopped => {
    replica.take(next);
    const given = JSON.stringify(data());
    if (given !== inForce) policy.setData(data());
    inForce = given;
    return stop === null ? { exchanges: 0, tunnels: 0 } : path.stop(stop);
  };
  return {
    connect(socket) {
      socket.once('close', () => channel.tell('closed', null));
      path.listener.emit('connection', socket);
    },
    async hear(what, value) {
      if (what === 'state') return changeState(value as StateChange);
      if (what === 'connectors') return catalog.reload();
      if (what === 'secrets') return void house.vault.take(value as SecretMeta[]);
      if (what === 'tokens') return void house.vault.renew();
      if (what === 'policy') return void (await policy.replace((value as PolicyChange).wasm ?? undefined));
      if (what === 'ping') return null;
      if (what === 'drain') return path.drain((value as Drain).limit, hurried);
      throw new Error(`The parent asks for what there is not: ${what}.`);
    },
  };
}
