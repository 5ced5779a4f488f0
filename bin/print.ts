/**
 * The one door to the terminal: everything that `tf` says to a person or a script goes through here. Colour only where
 * the stream is a terminal and NO_COLOR is unset; control characters in data are shown, never obeyed.
 */
import { styleText } from 'node:util';
import { inert } from '../src/inert.js';

export { inert };

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const coloured = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';

/** `text` in `style` if stdout is a terminal that takes colour. */
export const styled = (style: Style, text: string): string =>
  coloured(process.stdout) ? styleText(style, text) : text;

/** One line to stdout. */
export const line = (text = ''): void => void process.stdout.write(`${text}\n`);

/**
 * A name, and what belongs to it in a column of its own. On a terminal it goes on below itself: text of agents that is as long as
 * it likes never comes to stand where a name does.
 */
export function field(name: string, value: string): void {
  const { isTTY, columns } = process.stdout;
  const width = isTTY ? Math.max(20, (columns || 80) - 10) : Number.POSITIVE_INFINITY;
  let text = `${name.padEnd(9)} `;
  let taken = 0;
  for (const letter of value) {
    // Some letters take two places; which ones is the terminal's to know.
    const places = letter <= '~' ? 1 : 2;
    if (taken + places > width) {
      text += `\n${' '.repeat(10)}`;
      taken = 0;
    }
    text += letter;
    taken += places;
  }
  line(text);
}

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
  const cells = rows.map(row => row.map(inert));
  const widths = headings.map((heading, i) => Math.max(heading.length, ...cells.map(row => (row[i] ?? '').length)));
  const print = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  line(styled('bold', print(headings)));
  for (const row of cells) line(print(row));
}
