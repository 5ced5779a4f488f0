/** Mail: a notice as a message in the form of RFC 5322, plain text in quoted-printable (RFC 2045 §6.7). */
import { headline, isOpen, type Link, type Notice, rowsOf } from './notice.js';
import { inert } from './text.js';

export interface Envelope {
  readonly from: string;
  readonly to: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Of the message, and of the one that it follows; the same again is the same message. */
  readonly id: string;
  readonly follows: string | null;
}

/** A header's value as ASCII on one line: what isn't, or is too long for a line, are encoded words (RFC 2047). */
function header(text: string): string {
  const line = inert(text, 200);
  if (/^[\x20-\x7e]{0,66}$/.test(line) && !line.includes('=?')) return line;
  const words: string[] = [];
  let chunk = '';
  for (const character of [...line, '']) {
    if (character !== '' && Buffer.byteLength(chunk + character) <= 39) chunk += character;
    else {
      words.push(`=?utf-8?B?${Buffer.from(chunk).toString('base64')}?=`);
      chunk = character;
    }
  }
  return words.join('\r\n ');
}

/** `Fri, 20 Nov 2026 21:00:00 +0000` (RFC 5322 §3.3). */
const date = (now: number): string => new Date(now).toUTCString().replace('GMT', '+0000');

/** Lines of at most 76 characters; every byte that isn't plain ASCII, and a space at the end of a line, as `=XX`. */
function quotedPrintable(text: string): string {
  const printed = text.split('\n').map(line => {
    const pieces = [...Buffer.from(line)].map((byte, i, bytes) => {
      const last = i === bytes.length - 1;
      const plain = (byte > 0x20 && byte < 0x7f && byte !== 0x3d) || (byte === 0x20 && !last);
      return plain ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    });
    const rows = [''];
    for (const piece of pieces) {
      if (rows.at(-1)!.length + piece.length > 75) rows.push('');
      rows[rows.length - 1] += piece;
    }
    // A line that is only a full stop ends the message for SMTP, and sendmail without -i.
    return rows.map(row => (row.startsWith('.') ? `=2E${row.slice(1)}` : row)).join('=\r\n');
  });
  return printed.join('\r\n');
}

/** The message, with the link of the approver whom it is for, if there is one. */
export function mailMessage(notice: Notice, { from, to, now, id, follows }: Envelope, link: Link | null): string {
  const { approval, event, warning } = notice;
  const body = [
    `${headline[event]}.`,
    '',
    ...(warning === null ? [] : [`WARNING: ${warning}`, '']),
    ...rowsOf(notice).map(([name, value]) => `${`${name}:`.padEnd(13)}${value}`),
    ...Object.entries(notice.parameters ?? {}).map(([name, value]) => `  ${name} = ${value}`),
    '',
    ...(isOpen(event)
      ? [
          ...(link === null
            ? []
            : [`To answer, open this; it is good once, and for ${inert(link.approver)} alone:`, link.url, '']),
          `At a terminal: tf approvals show ${approval}`,
        ]
      : []),
  ].join('\n');
  return [
    `From: Tollfence <${from}>`,
    `To: ${to}`,
    `Subject: ${header(`${headline[event]}: ${notice.actions.join(', ')} (${approval})`)}`,
    `Date: ${date(now)}`,
    `Message-ID: <${id}>`,
    ...(follows === null ? [] : [`In-Reply-To: <${follows}>`, `References: <${follows}>`]),
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    quotedPrintable(body),
    '',
  ].join('\r\n');
}
