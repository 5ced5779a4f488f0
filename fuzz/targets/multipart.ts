/** Fuzz: multipart forms. What is read is what undici's reader, and one that only splits, read too. */
import assert from 'node:assert/strict';
import { readMultipart } from '../../src/action/multipart.js';
import type { Target } from '../target.js';

const boundary = 'x'.repeat(27);
const mark = `--${boundary}`;

const part = (name: string, value: string, more = ''): string =>
  `${mark}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;

/** Splits at the boundary wherever it is: the most lenient of readers. */
const lenient = (text: string): string[] =>
  text
    .split(mark)
    .slice(1, -1)
    .map(each => /\r?\n\r?\n([\s\S]*?)\r?\n$/.exec(each)?.[1] ?? 'unreadable');

export const multipart: Target = {
  name: 'multipart',
  seeds: [
    `${part('a', '1')}${part('b', 'two\r\nlines')}${mark}--\r\n`,
    `${part('f', 'data', '; filename="x.txt"\r\nContent-Type: text/plain')}${part('a', '')}${mark}--`,
    `${part('a', 'é', '\r\nContent-Type: text/plain; charset=utf-8')}${mark}--\r\n`,
    `${mark}--\r\n`,
  ],
  tokens: [
    ...[
      mark,
      `\r\n${mark}`,
      `\n${mark}`,
      `${mark}--`,
      '\r\n',
      '\n',
      '\r',
      '\r\n\r\n',
      '--',
      '"',
      ';',
      '%',
      '\0',
      ': ',
      ' ',
    ],
    ...[
      'Content-Disposition: form-data; name="a"',
      '; filename="x"',
      "; filename*=utf-8''x",
      'Content-Type: text/plain',
    ],
    ...['; charset=gbk', 'Content-Transfer-Encoding: base64', '_charset_', 'multipart/mixed', part('a', '2')],
  ],
  async run(input) {
    const read = readMultipart(input, boundary);
    if (read === undefined) return 'unknown';
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(input);
    if (read.files.length === 0)
      assert.deepEqual(
        read.fields.map(([, value]) => value),
        lenient(text),
      );
    if (read.fields.length + read.files.length > 0) {
      const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
      // It may be stricter than we are.
      const theirs = await new Response(input, { headers }).formData().catch(() => null);
      if (theirs === null) return `${read.fields.length} ${read.files.length} alone`;
      const fields = [...theirs].filter(([, value]) => typeof value === 'string');
      // Both that one and the standard drop a byte order mark.
      const unmarked = (value: string): string => value.replace(/^\ufeff/, '');
      assert.deepEqual(
        fields.map(([name, value]) => [name, unmarked(String(value))]),
        read.fields.map(([name, value]) => [name, unmarked(value)]),
      );
    }
    return `${read.fields.length} ${read.files.length}`;
  },
};
