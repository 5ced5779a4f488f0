/** Inert: text that came from outside, as people may look at it: on the terminal, and on pages. */

const spelled = (letters: string): string =>
  Array.from(letters, letter => `\\u{${letter.codePointAt(0)!.toString(16)}}`).join('');

/** What obeys instead of being seen: control characters, bidi controls, what has no width or is no character (UTR #36 §2). */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
/** Scripts with letters that look like Latin ones; a word that mixes them with Latin is written to be misread (UTS #39 §5). */
const lookalike = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]+/gu;

/**
 * Text that came from outside, made inert: what would be obeyed, or not be seen, is printed as `\u{…}`, and so are letters of
 * other scripts in the midst of Latin ones.
 */
export const inert = (text: string): string =>
  text
    .replace(unseen, spelled)
    .replace(/[\p{L}\p{M}\p{N}]+/gu, word =>
      /\p{Script=Latin}/u.test(word) ? word.replace(lookalike, spelled) : word,
    );
