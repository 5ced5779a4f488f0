/**
 * Needle sets: the values that a gateway may use, in every form in which an answer could show them, made ready to be
 * looked for. They are made here, so that no value has to leave for it.
 */
import { NeedleSet, needles } from '../src/credentials/index.js';
import { VaultError } from './error.js';
import type { Contents, Entry } from './roster.js';

/** A set that nobody asked for is forgotten after this long at most, in milliseconds. */
export const needlesLifetime = 60_000;

/** Bytes of needles: of the secrets of one gateway, which is some 28 KiB of values, and of all sets that are kept. */
export const needleLimits = { gateway: 2 << 20, kept: 8 << 20 };

interface Known {
  readonly set: NeedleSet;
  readonly bytes: number;
  used: number;
}

const none = new NeedleSet([]);

/** The sets that are in use. Gateways with the same secrets share one. */
export class NeedleSets {
  readonly #now: () => number;
  readonly #byGateway = new Map<string, Known>();
  /** By the names of the secrets. */
  readonly #bySecrets = new Map<string, Known>();
  #timer: NodeJS.Timeout | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The set of a gateway; `open` gives the value of a secret, which is zeroed here. Throws `invalid` if they are too long. */
  of(gateway: string, contents: Contents, open: (entry: Entry) => Buffer): NeedleSet {
    let known = this.#byGateway.get(gateway);
    if (known === undefined) {
      const entries = usableBy(gateway, contents);
      const key = entries.map(({ meta }) => meta.name).join('\n');
      known = this.#bySecrets.get(key) ?? this.#made(key, gateway, entries, open);
      this.#byGateway.set(gateway, known);
    }
    known.used = this.#now();
    return known.set;
  }

  /** Forgets all of them: a secret has changed. Answers that are on their way keep theirs. */
  forget(): void {
    this.#byGateway.clear();
    this.#bySecrets.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #made(key: string, gateway: string, entries: readonly Entry[], open: (entry: Entry) => Buffer): Known {
    if (entries.length === 0) return { set: none, bytes: 0, used: 0 };
    const forms = formsOf(gateway, entries, open);
    try {
      const bytes = forms.reduce((sum, { length }) => sum + length, 0);
      const known = { set: new NeedleSet(forms), bytes, used: this.#now() };
      this.#bySecrets.set(key, known);
      this.#tidy();
      return known;
    } finally {
      for (const form of forms) form.fill(0);
    }
  }

  /** Forgets the sets that were used longest ago, as far as there are too many or their time is over. */
  #tidy(): void {
    const over = this.#now() - needlesLifetime / 2;
    let bytes = 0;
    for (const [key, known] of [...this.#bySecrets].sort(([, a], [, b]) => b.used - a.used)) {
      bytes += known.bytes;
      if (known.used > over && bytes <= needleLimits.kept) continue;
      this.#bySecrets.delete(key);
      for (const [gateway, its] of this.#byGateway) if (its === known) this.#byGateway.delete(gateway);
    }
    if (this.#bySecrets.size === 0) this.forget();
    else this.#timer ??= setInterval(() => this.#tidy(), needlesLifetime / 2).unref();
  }
}

const usableBy = (gateway: string, { entries }: Contents): Entry[] =>
  [...entries.values()].filter(({ meta: { gateways } }) => gateways.length === 0 || gateways.includes(gateway));

/** The forms of every value that a gateway may use. Throws `invalid` if they are too long. Whoever asks zeroes them. */
export const formsFor = (gateway: string, contents: Contents, open: (entry: Entry) => Buffer): Buffer[] =>
  formsOf(gateway, usableBy(gateway, contents), open);

function formsOf(gateway: string, entries: readonly Entry[], open: (entry: Entry) => Buffer): Buffer[] {
  const forms: Buffer[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const value = open(entry);
    for (const form of needles(value, entry.meta.scheme)) bytes += forms[forms.push(form) - 1]!.length;
    value.fill(0);
    if (bytes <= needleLimits.gateway) continue;
    for (const form of forms) form.fill(0);
    throw tooLong(gateway);
  }
  return forms;
}

const tooLong = (gateway: string): VaultError =>
  new VaultError(
    'invalid',
    `its secrets are too long together (over ${needleLimits.gateway >> 10} KiB in all their forms).`,
    `An operator must bind fewer or shorter ones to ${gateway}.`,
  );
