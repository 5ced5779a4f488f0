/** Moments: what of the permissions depends on the time. Reckoned once for each minute, since hours begin and end with one. */
import type { Question } from '../model.js';
import type { PolicyData } from './data.js';
import { type Hours, hoursHold, parseHours } from './hours.js';

/** The hours of the permissions in force. */
export interface Moments {
  /** The question with the hours that hold at its time, where a gateway of its chain has any. */
  timed(question: Question): Question;
}

/** Reads them. Throws TypeError if that can't be done. */
export function momentsIn({ tollfence: { permissions } }: PolicyData): Moments {
  const own = new Map<string, readonly { readonly text: string; readonly hours: Hours }[]>();
  for (const [gateway, list] of Object.entries(permissions)) {
    const texts = [...new Set(list.flatMap(({ hours = [] }) => hours))];
    if (texts.length > 0)
      own.set(
        gateway,
        texts.map(text => ({ text, hours: read(text) })),
      );
  }
  let minute = Number.NaN;
  const holding = new Map<string, readonly string[]>();

  const within = (gateway: string, at: number): readonly string[] => {
    if (Math.floor(at / 60_000) !== minute) holding.clear();
    minute = Math.floor(at / 60_000);
    const known = holding.get(gateway);
    if (known !== undefined) return known;
    // Each text has its time zone: none is read by another one.
    const found = (own.get(gateway) ?? []).filter(({ hours }) => hoursHold(hours, 'UTC', at)).map(({ text }) => text);
    holding.set(gateway, found);
    return found;
  };
  return {
    timed(question) {
      const { subject, context } = question;
      if (own.size === 0 || !subject.chain.some(gateway => own.has(gateway))) return question;
      const at = Date.parse(context.time);
      const all = new Set(subject.chain.flatMap(gateway => within(gateway, at)));
      return { ...question, context: { ...context, within: [...all] } };
    },
  };
}

function read(text: string): Hours {
  const { hours, faults } = parseHours(text);
  if (hours === undefined) throw new TypeError(faults.join(' '));
  return hours;
}
