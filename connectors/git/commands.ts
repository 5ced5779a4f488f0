/** The commands of a push, in pkt-lines in front of the pack (gitprotocol-pack, "Reference Update Request"). */

const maxCommands = 1000;

/** One command: the ref's name, the objects it points to before and after, and whether it begins or ends to exist. */
export interface Command {
  readonly ref: string;
  readonly before: string;
  readonly after: string;
  readonly kind: 'create' | 'update' | 'delete';
}

/** The commands, and where the pack begins (or the end of the body, if there is none). */
export interface Push {
  readonly commands: readonly Command[];
  readonly pack: number;
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

const command = /^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/[!-\x5b\x5d-\x7e]+)$/;

/** Length of the packet at `at`, 0 for a flush packet; null if there is no whole one. */
function packetLength(bytes: Uint8Array, at: number, most: number): number | null {
  if (at + 4 > bytes.length) return null;
  const digits = latin1(bytes.subarray(at, at + 4));
  if (!/^[0-9a-f]{4}$/i.test(digits)) return null;
  const length = Number.parseInt(digits, 16);
  return length === 0 || (length >= 5 && length <= most && at + length <= bytes.length) ? length : null;
}

/** Where the packets from `at` to the next flush packet end; null if they aren't all there. */
function behindSection(bytes: Uint8Array, at: number): number | null {
  for (;;) {
    const length = packetLength(bytes, at, 65_520);
    if (length === null) return null;
    if (length === 0) return at + 4;
    at += length;
  }
}

/**
 * Reads the commands up to the flush packet, and the push options behind them; null if they aren't all there or something
 * else is (a signed push, a name that isn't plain ASCII).
 */
export function readPush(bytes: Uint8Array): Push | null {
  const commands: Command[] = [];
  let options = false;
  for (let at = 0; commands.length <= maxCommands; ) {
    const length = packetLength(bytes, at, 1024);
    if (length === null) return null;
    if (length === 0) {
      const pack = options ? behindSection(bytes, at + 4) : at + 4;
      return pack === null ? null : { commands, pack };
    }
    const line = latin1(bytes.subarray(at + 4, at + length)).replace(/\n$/, '');
    at += length;
    if (/^shallow [0-9a-f]{40,64}$/.test(line)) continue;
    // The first command carries the capabilities behind a NUL.
    const [text = '', capabilities = ''] = commands.length === 0 ? line.split('\0') : [line];
    options ||= capabilities.split(' ').includes('push-options');
    const [, before, after, ref] = command.exec(text) ?? [];
    if (before === undefined || after === undefined || ref === undefined) return null;
    const kind = /^0+$/.test(after) ? 'delete' : /^0+$/.test(before) ? 'create' : 'update';
    commands.push({ ref, before, after, kind });
  }
  return null;
}
