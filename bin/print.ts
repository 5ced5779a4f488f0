/**
 * The one door to the terminal: everything that `tf` says to a person or a script goes through here. Colour only where
 * the stream is a terminal and NO_COLOR is unset; control characters in data are shown, never obeyed.
 */
import { stripVTControlCharacters, styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const coloured = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';

/** `text` in `style` if stdout is a terminal that takes colour. */
export const styled = (style: Style, text: string): string =>
  coloured(process.stdout) ? styleText(style, text) : text;

/** Text that came from outside, made inert: escape sequences and bidi controls are printed as `\u{…}`. */
export const inert = (text: string): string =>
  text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
    c => `\\u{${c.codePointAt(0)!.toString(16)}}`,
  );

/** One line to stdout. */
export const line = (text = ''): void => void process.stdout.write(`${text}\n`);

/** One JSON document (or, called repeatedly, JSON lines) to stdout. */
export const json = (value: unknown, indent = 2): void =>
  void process.stdout.write(`${JSON.stringify(value, null, indent)}\n`);

/** One line to stderr: progress and notes. */
export const note = (text: string): void => void process.stderr.write(`${text}\n`);

/** An error for a person: what happened, then what to do. */
export const problem = (message: string, hint = ''): void => {
  const mark = coloured(process.stderr) ? styleText('red', 'error:') : 'error:';
  process.stderr.write(`${mark} ${message}\n${hint ? `  ${hint.replaceAll('\n', '\n  ')}\n` : ''}`);
};

/** Rows under headings, in columns of two spaces, no borders, as `docker ps` prints them. Cells are made inert. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const cells = rows.map(row => row.map(cell => (cell.includes('\u001b') ? cell : inert(cell))));
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...cells.map(row => stripVTControlCharacters(row[i] ?? '').length)),
  );
  const print = (row: readonly string[]): string =>
    row
      .map((cell, i) =>
        i === row.length - 1 ? cell : cell + ' '.repeat(widths[i]! - stripVTControlCharacters(cell).length),
      )
      .join('  ')
      .trimEnd();
  line(styled('bold', print(headings)));
  for (const row of cells) line(print(row));
}
