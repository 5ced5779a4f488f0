/**
 * Flags: what is suspicious about a request, found by rules, without a model: text for people or other agents that reads
 * like an instruction to an agent. A hit denies nothing by itself; the policy sees it (`context.flags`, `confidence`).
 */
import { readFileSync } from 'node:fs';
import type { Access, CanonicalRequest, Classified, Context } from '../model.js';
import { normalise } from './normalise.js';
import { decodedIn, limits, strings, textsIn } from './texts.js';

/** What was found. */
export interface Suspicion {
  readonly flags: readonly string[];
  /** 1 if nothing was found, else at most 0.39. */
  readonly confidence: number;
  /** Ids of the rules that fit, and the version of the file that they are in; for the entry. */
  readonly found?: Context['found'];
}

/** The rules' file. */
export interface Rules {
  readonly version: string;
  readonly rules: readonly { readonly id: string; readonly about: string; readonly pattern: string }[];
}

/** Looks at a request, or at what an agent says that it is about to do. */
export interface Scanner {
  readonly version: string;
  request(request: CanonicalRequest, meaning: Classified): Suspicion;
  /** The strings in any value. */
  value(value: unknown): Suspicion;
}

/** Nothing was found. */
export const unsuspicious: Suspicion = { flags: [], confidence: 1 };

/** The flag that a hit sets. */
export const injection = 'prompt_injection_suspected';

/** More invisible characters than this within words of one text are no accident of an editor. */
const mostInvisible = 3;

const changes: ReadonlySet<Access> = new Set(['write', 'delete', 'permissions']);

/** The rules that come with Tollfence. */
export const shippedRules = (): Rules =>
  JSON.parse(readFileSync(new URL('../../../policies/injection.json', import.meta.url), 'utf8')) as Rules;

/** Makes a scanner. Throws `SyntaxError` for a rule that is no regular expression. */
export function openScanner({ version, rules } = shippedRules()): Scanner {
  const compiled = rules.map(({ id, pattern }) => ({ id, pattern: new RegExp(pattern, 'u') }));

  const search = (text: string, found: Set<string>): void => {
    for (const { id, pattern } of compiled) if (!found.has(id) && pattern.test(text)) found.add(id);
  };
  const look = (text: string, found: Set<string>): void => {
    const normal = normalise(text);
    search(normal.text, found);
    if (normal.hidden !== '') {
      found.add('hidden.tags');
      search(normal.hidden, found);
    }
    if (normal.invisible > mostInvisible) found.add('hidden.invisible');
  };
  const judge = (texts: readonly string[]): Suspicion => {
    const found = new Set<string>();
    // At once, which costs less; no rule reaches over the end of a sentence.
    const text = texts.join('\n.\n').slice(0, limits.characters);
    look(text, found);
    for (const inner of decodedIn(text)) look(inner, found);
    if (found.size === 0) return unsuspicious;
    const confidence = Math.max(0.05, Math.round((0.39 - 0.1 * (found.size - 1)) * 100) / 100);
    return { flags: [injection], confidence, found: { version, rules: [...found] } };
  };

  return {
    version,
    request({ content, fields }, { action, also = [], connector }) {
      // What a model is asked is meant to be read by one.
      if (content === null || connector?.prompts === true) return unsuspicious;
      if (![action, ...also.map(part => part.action)].some(({ access }) => changes.has(access))) return unsuspicious;
      const type = fields.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
      return judge(textsIn(content, type));
    },
    value: value => judge(strings(value)),
  };
}
