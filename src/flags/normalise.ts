/** Normalise: many spellings of one sentence become one, so that rules need to know only that. Attacker-controlled. */

/** Characters that no reader sees: zero-width, joiners, bidi controls, variation selectors, soft hyphen, fillers. */
const invisible = /\p{Default_Ignorable_Code_Point}/gu;

/** The tag characters (U+E0020…U+E007E): invisible, and ASCII to whoever subtracts. */
const tags = /[\u{e0020}-\u{e007e}]/gu;

/** Letters of Greek and Cyrillic (and a few others) that look like Latin ones. From Unicode's confusables.txt (UTS #39), small letters. */
const lookAlikes: Readonly<Record<string, string>> = Object.fromEntries([
  ['а', 'a'],
  ['α', 'a'],
  ['ɑ', 'a'],
  ['в', 'b'],
  ['ь', 'b'],
  ['с', 'c'],
  ['ϲ', 'c'],
  ['ԁ', 'd'],
  ['ԃ', 'd'],
  ['е', 'e'],
  ['ҽ', 'e'],
  ['є', 'e'],
  ['ɡ', 'g'],
  ['һ', 'h'],
  ['н', 'h'],
  ['і', 'i'],
  ['ι', 'i'],
  ['ı', 'i'],
  ['ӏ', 'l'],
  ['ј', 'j'],
  ['κ', 'k'],
  ['к', 'k'],
  ['м', 'm'],
  ['п', 'n'],
  ['η', 'n'],
  ['ո', 'n'],
  ['о', 'o'],
  ['ο', 'o'],
  ['σ', 'o'],
  ['օ', 'o'],
  ['р', 'p'],
  ['ρ', 'p'],
  ['ԛ', 'q'],
  ['г', 'r'],
  ['ѕ', 's'],
  ['т', 't'],
  ['τ', 't'],
  ['υ', 'u'],
  ['ս', 'u'],
  ['ν', 'v'],
  ['ѵ', 'v'],
  ['ԝ', 'w'],
  ['ω', 'w'],
  ['х', 'x'],
  ['χ', 'x'],
  ['у', 'y'],
  ['γ', 'y'],
  ['ү', 'y'],
  ['ᴢ', 'z'],
]) as Readonly<Record<string, string>>;

/** A word in which Latin letters stand beside look-alikes, or one of look-alikes only. */
const mixed = /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Armenian}]+/gu;
const foreign = /[\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Armenian}ɑɡı]/u;

const latin = (word: string): string => {
  if (!foreign.test(word)) return word;
  const read = [...word].map(letter => lookAlikes[letter] ?? letter).join('');
  // A word that stays partly Greek or Cyrillic is one of that language.
  return /^[a-z]+$/.test(read) ? read : word;
};

/** Single letters with one separator between them, as in `i g n o r e` or `i.g.n.o.r.e`; three or more. */
const spaced = /\b[a-z](?:([ ._*-])[a-z])(?:\1[a-z])+\b/g;

/** Digits that stand for letters within a word. */
const digits: Readonly<Record<string, string>> = { 0: 'o', 1: 'i', 3: 'e', 4: 'a', 5: 's', 7: 't' };
const spelledWithDigits = /(?<![a-z0-9])(?=[0-9]*[a-z])(?=[a-z]*[0-9])[a-z0-9]+/g;

/** One text, in the one spelling that the rules are written for; and what was hidden in it, as a text of its own. */
export interface Normal {
  readonly text: string;
  readonly hidden: string;
  /** How often something that nobody sees stands between two Latin letters. (Other scripts need some of it.) */
  readonly invisible: number;
}

const plain = /^[\n\r\t\x20-\x7e]*$/;

const collapsed = (text: string): string =>
  text
    .replace(/[’‘`´]/g, "'")
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n[ \n]*/g, '\n');

/** Letters that were set apart are words again. */
const gathered = (text: string): string => text.replace(spaced, letters => letters.replace(/[ ._*-]/g, ''));

/** Lower case, in words. Whoever sets letters apart sets words apart by more, until that is one space too. */
const tidy = (lower: string): string =>
  gathered(collapsed(gathered(lower))).replace(spelledWithDigits, word =>
    word.replace(/[013457]/g, digit => digits[digit]!),
  );

/** Normalises a text. */
export function normalise(text: string): Normal {
  if (plain.test(text)) return { text: tidy(text.toLowerCase()), hidden: '', invisible: 0 };
  const hidden = (text.match(tags) ?? []).map(tag => String.fromCharCode(tag.codePointAt(0)! - 0xe0000)).join('');
  const between = text.match(/\p{Script=Latin}\p{Default_Ignorable_Code_Point}+(?=\p{Script=Latin})/gu)?.length ?? 0;
  const seen = text.replace(tags, '').replace(invisible, '');
  const folded = seen.normalize('NFKD').replace(/\p{M}/gu, '').normalize('NFKC').toLowerCase().replace(mixed, latin);
  return { text: tidy(folded), hidden: tidy(hidden.toLowerCase()), invisible: between };
}
