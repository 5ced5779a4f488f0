/**
 * Transcript: sessions at a terminal as text. A line `$ command` is run by a shell; the lines below it are what it prints
 * (stdout and stderr), where `…` stands for anything within a line, and for any lines when it stands alone; `[exit N]`
 * is its exit code when that isn't 0. Lines that start with `# ` are for the reader.
 */

/** One command of a session. */
export interface Step {
  readonly line: number;
  readonly command: string;
  readonly expected: readonly string[];
  readonly exit: number;
}

/** Reads a transcript. */
export function parseTranscript(text: string): Step[] {
  const steps: { line: number; command: string; expected: string[]; exit: number }[] = [];
  text.split('\n').forEach((line, index) => {
    const step = steps.at(-1);
    const exit = /^\[exit (\d+)\]$/.exec(line);
    if (line.startsWith('$ ')) steps.push({ line: index + 1, command: line.slice(2), expected: [], exit: 0 });
    else if (line.startsWith('# ') || step === undefined) return;
    else if (exit !== null) step.exit = Number(exit[1]);
    else step.expected.push(line);
  });
  for (const { expected } of steps) while (expected.at(-1) === '') expected.pop();
  return steps;
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Whether a command printed what was expected. */
export function fits(printed: string, expected: readonly string[]): boolean {
  const pattern = expected
    .map(line => (line === '…' ? '(?:.*\n)*?' : `${literal(line).replaceAll('…', '.*')}[ ]*\n`))
    .join('');
  return new RegExp(`^${pattern}$`).test(printed === '' || printed.endsWith('\n') ? printed : `${printed}\n`);
}
