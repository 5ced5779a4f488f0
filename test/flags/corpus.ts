/** Corpus: texts of a file beside this one; `\n`, `\uXXXX` and `\u{…}` are what they say. */
import { readFileSync } from 'node:fs';
import { repository } from '../imports.js';

export const corpus = (name: string): string[] =>
  readFileSync(`${repository}test/flags/${name}.txt`, 'utf8')
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('# '))
    .map(line =>
      line
        .replaceAll('\\n', '\n')
        .replace(/\\u\{?([0-9a-f]{4,5})\}?/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16))),
    );
