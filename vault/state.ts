/**
 * The vault in memory: its contents as they were last verified, and the keys. Everything that reads the file or changes it
 * goes through here.
 */
import { VaultError } from './error.js';
import { type Contents, contentsOf, damaged, type Entry, sealedHeader } from './roster.js';
import { forget, type Keys, type Random } from './seal.js';
import type { Store } from './store.js';

/** What a change leaves behind, and under which key if under another. */
export interface Change<T> {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly result: T;
  readonly under?: { readonly keys: Keys; readonly source: string };
}

/** The state of one open vault. */
export class State {
  readonly store: Store;
  readonly random: Random;
  /** Told what there is now, whenever that changes; null: the keys are forgotten, or the file can't be trusted. */
  onChange: (contents: Contents | null) => void = () => {};
  #keys: Keys | null;
  #contents: Contents;
  #looked = false;
  readonly #lookAgain = (): void => {
    this.#looked = false;
  };

  constructor(store: Store, contents: Contents, keys: Keys | null, random: Random) {
    this.store = store;
    this.random = random;
    this.#contents = contents;
    this.#keys = keys;
  }

  /** The contents as they were last read. */
  get known(): Contents {
    return this.#contents;
  }

  get locked(): boolean {
    return this.#keys === null;
  }

  /**
   * The contents as they are on disk; verified, unless the vault is locked. Looked at once for all that happens in one turn
   * of the event loop, since to look costs as much as to find a secret.
   */
  fresh(): Contents {
    if (this.#looked) return this.#contents;
    if (this.store.changed()) this.#take(this.#read(this.#keys));
    this.#looked = true;
    setImmediate(this.#lookAgain);
    return this.#contents;
  }

  /** The keys. Throws `locked`. */
  keys(): Keys {
    if (this.#keys !== null) return this.#keys;
    throw new VaultError('locked', 'The vault is locked.', 'Unlock it with `tf secret unlock`.');
  }

  /** Verifies the file with these keys, and takes them over. Throws `wrong_key`, and forgets them. */
  unlock(keys: Keys): void {
    try {
      this.#take(this.#read(keys));
    } catch (error) {
      forget(keys);
      throw error;
    }
    this.#forget();
    this.#keys = keys;
  }

  /**
   * Runs one change as one transaction, on the state that is on disk, verified first: a change never vouches for a row
   * that isn't ours. The change writes its rows; the header is written here.
   */
  commit<T>(change: (contents: Contents, keys: Keys) => Change<T>): T {
    const keys = this.keys();
    const { contents, result, under } = this.store.transaction(() => {
      const before = this.#read(keys);
      this.#take(before);
      const { entries, result, under } = change(before, keys);
      const { id, source, generation } = before.header;
      const next = under ?? { keys, source };
      // A copy of the check value: the keys are zeroed one day.
      const check = Buffer.from(next.keys.check);
      const described = { id, source: next.source, check, generation: generation + 1 };
      const header = sealedHeader(described, entries.values(), next.keys, this.random);
      this.store.putHeader(header);
      return { contents: { header, entries }, result, under };
    });
    this.#take(contents);
    if (under) {
      this.#forget();
      this.#keys = under.keys;
    }
    return result;
  }

  /** Forgets the keys and closes the file. */
  close(): void {
    this.#looked = false;
    this.#forget();
    this.store.close();
  }

  #take(contents: Contents): void {
    this.#contents = contents;
    this.onChange(contents);
  }

  #forget(): void {
    if (this.#keys !== null) forget(this.#keys);
    this.#keys = null;
    this.onChange(null);
  }

  /** Reads and verifies the file. What can't be trusted is never kept, and is looked at again by the next call. */
  #read(keys: Keys | null): Contents {
    try {
      const snapshot = this.store.snapshot();
      const before = this.#contents.header;
      if (snapshot === null) throw damaged('its tables are gone');
      const { id, generation, roster } = snapshot.header;
      if (id !== before.id) throw damaged('another vault was put in its place');
      if (generation < before.generation) {
        throw new VaultError(
          'rolled_back',
          `The vault went back from generation ${before.generation} to ${generation}.`,
        );
      }
      if (generation === before.generation && !roster.equals(before.roster)) {
        throw damaged('it was changed, and its generation was not');
      }
      return contentsOf(snapshot, keys);
    } catch (error) {
      this.store.distrust();
      this.onChange(null);
      // Somebody put the vault under another key: this one is of no use any more.
      if (keys === this.#keys && error instanceof VaultError && error.code === 'wrong_key') this.#forget();
      throw error;
    }
  }
}
