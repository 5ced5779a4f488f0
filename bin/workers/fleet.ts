/**
 * The fleet: the worker processes, started, given connections, told of changes, and replaced when they are lost. Whoever
 * doesn't act on a change in time is ended: what nobody can reach must not go on.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { exitCode, Fault } from '../../src/errors.js';
import type { WorkerStatus } from '../proxy/carrier.js';
import { Channel } from './channel.js';
import type { Drain, Start } from './messages.js';
import { type ParentHouse, Service } from './service.js';

/** How to start it. */
export interface FleetOptions {
  readonly count: number;
  readonly house: ParentHouse;
  /** What a worker that is started now is furnished with. */
  start(): Start;
}

interface Member {
  readonly child: ChildProcess;
  readonly channel: Channel;
  readonly service: Service;
  readonly started: Promise<void>;
  /** Resolves when it is no more, and all that it has said was heard. */
  readonly gone: Promise<void>;
  /** Resolves after that, when how each of its requests ended is in the log's hands. */
  readonly accounted: Promise<void>;
  /** Connections that are on their way to it, by number: nobody else would close them if it were lost. */
  readonly handed: Map<number, Socket>;
  ready: boolean;
  connections: number;
}

/** A worker has this long to be ready, in milliseconds. */
const startTime = 30_000;

/** One that is lost so soon after its start, in milliseconds, is replaced only after a pause as long. */
const tooSoon = 2_000;

/** Workers are asked so often whether they still live, and have so long for the answer; in milliseconds. */
const pingInterval = 10_000;
const patience = 30_000;

const program = fileURLToPath(new URL('./worker.js', import.meta.url));

export class Fleet {
  readonly #options: FleetOptions;
  readonly #members = new Set<Member>();
  #ending = false;
  #next = 0;
  #watch: NodeJS.Timeout | undefined;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Resolves when all are ready. Throws `Fault` if one can't be started. */
  async begin(): Promise<void> {
    this.#watch = setInterval(() => void this.share('ping', null, patience), pingInterval).unref();
    await Promise.all(Array.from({ length: this.#options.count }, () => this.#start().started));
  }

  /** How many requests are on their way, in all. */
  get requests(): number {
    let sum = 0;
    for (const { service } of this.#members) sum += service.requests;
    return sum;
  }

  get status(): WorkerStatus[] {
    return [...this.#members]
      .filter(({ ready }) => ready)
      .map(({ child, connections, service }) => ({ pid: child.pid ?? 0, connections, requests: service.requests }));
  }

  /** Gives a connection to the worker that has the fewest; closes it if there is none. */
  hand(socket: Socket): void {
    let least: Member | null = null;
    for (const member of this.#members)
      if (member.ready && (least === null || member.connections < least.connections)) least = member;
    if (least === null) return void socket.destroy();
    least.connections += 1;
    const number = this.#next++;
    least.handed.set(number, socket);
    least.channel.hand(socket, number);
  }

  /**
   * Tells all workers of a change; resolves, with their answers, when each that can have a request acts on it. One that
   * doesn't within `limit` ms, or can't, is killed, and another takes its place.
   */
  async share(what: string, value: unknown, limit: number): Promise<unknown[]> {
    const answers = [...this.#members].map(async member => {
      let timer: NodeJS.Timeout | undefined;
      try {
        const answer = member.channel.ask(what, value);
        // One that is starting has no request yet, and hears of this before its first.
        if (!member.ready) return void answer.catch(() => this.#end(member));
        const late = new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new Error(`A worker did not answer within ${limit} ms.`)), limit);
        });
        return await Promise.race([answer, late]);
      } catch {
        await this.#end(member);
        return undefined;
      } finally {
        clearTimeout(timer);
      }
    });
    return (await Promise.all(answers)).filter(answer => answer !== undefined);
  }

  /** Lets the requests of all end for `limit` ms, or until `hurry`; then ends the workers. */
  async drain(limit: number, hurry: Promise<void>): Promise<void> {
    this.#ending = true;
    clearInterval(this.#watch);
    void hurry.then(() => {
      for (const { channel } of this.#members) channel.tell('hurry', null);
    });
    await this.share('drain', { limit } satisfies Drain, limit + tooSoon);
    await Promise.all([...this.#members].map(member => this.#end(member).then(() => member.accounted)));
  }

  #start(): Member {
    const { TF_OPERATOR_TOKEN: _, ...env } = process.env;
    const child = fork(program, [], {
      env,
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const service = new Service(this.#options.house, {
      taken(number) {
        member.handed.get(number)?.destroy();
        member.handed.delete(number);
      },
      closed: () => {
        member.connections -= 1;
      },
    });
    const channel = new Channel(
      {
        send(message, socket, done) {
          if (child.connected) child.send(message as object, socket, { keepOpen: true }, done);
          else done(new Error('It has gone.'));
        },
      },
      service,
    );
    const since = performance.now();
    let leave = (): void => {};
    const gone = new Promise<void>(resolve => {
      leave = resolve;
      // After `exit`, when what it said last was read. Not `disconnect`: there is none while a connection is on its way to it.
      child.once('close', () => resolve());
    }).then(() => {
      clearTimeout(timer);
      this.#lost(member, performance.now() - since);
    });
    const accounted = gone.then(() => service.lost()).then(() => void this.#members.delete(member));
    const started = channel.ask('start', this.#options.start()).then(
      () => {
        member.ready = true;
        clearTimeout(timer);
      },
      (error: Error) => {
        throw new Fault(
          exitCode.failed,
          `A worker process did not start: ${error.message || 'it ended'}.`,
          'What it said is above, or in run/proxy.log under TF_HOME.',
        );
      },
    );
    const member: Member = {
      child,
      channel,
      service,
      started,
      gone,
      accounted,
      handed: new Map(),
      ready: false,
      connections: 0,
    };
    const timer = setTimeout(() => child.kill('SIGKILL'), startTime);
    this.#members.add(member);
    child.on('message', message => {
      try {
        channel.hear(message);
      } catch (error) {
        this.#options.house.diagnose(error);
        child.kill('SIGKILL');
      }
    });
    child.on('error', error => {
      this.#options.house.diagnose(error);
      if (child.pid === undefined) leave();
    });
    child.once('exit', () => {
      member.ready = false;
    });
    started.catch(() => child.kill('SIGKILL'));
    return member;
  }

  #lost(member: Member, age: number): void {
    member.ready = false;
    member.channel.close();
    for (const socket of member.handed.values()) socket.destroy();
    if (this.#ending) return;
    this.#options.house.diagnose(new Error(`The worker ${member.child.pid} ended; another takes its place.`));
    setTimeout(
      () => this.#ending || this.#start().started.catch(this.#options.house.diagnose),
      age < tooSoon ? tooSoon : 0,
    );
  }

  /** Kills one; resolves when it is no more. */
  #end(member: Member): Promise<void> {
    member.ready = false;
    member.child.kill('SIGKILL');
    return member.gone;
  }
}
