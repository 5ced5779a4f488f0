/** Needles: every form in which a secret could come back in a response, or turn up where it must not be. */
import type { Scheme } from '../model.js';
import { secretParts } from './scheme.js';
import { isStructured, secretMembers } from './structured.js';

/** Shorter needles would be found in everything. */
const shortest = 6;

/**
 * The forms of a value, each of at least 6 bytes, longest first, none twice: raw; base64 and base64url in the three
 * alignments, cut to the characters that don't depend on what stands around it; hex; percent-encoded (what must be, and
 * every byte); JSON-escaped (likewise; the former also twice); HTML-escaped. For `basic` also those of the password alone.
 * A value of under 6 bytes has none raw. Of an object, which is never sent itself, those of its secret members; of text of
 * several lines (a key), those of each line, however they are broken elsewhere.
 */
export function needles(value: Buffer, scheme: Scheme): Buffer[] {
  const forms = new Set<string>();
  const parts = isStructured(scheme) ? secretMembers(scheme, value).flatMap(linesOf) : secretParts(value, scheme);
  for (const part of parts) {
    const raw = part.toString('latin1');
    // Nobody has a reason to escape unreserved characters, but a few escape everything.
    const escaped = unreserved.test(raw) ? [] : [...percents(part), ...jsons(part), ...htmls(part)];
    for (const form of [raw, ...base64s(part), ...hexes(part), ...everyOne(part), ...escaped]) {
      if (form.length >= shortest) forms.add(form);
    }
  }
  return [...forms].sort((a, b) => b.length - a.length).map(form => Buffer.from(form, 'latin1'));
}

/** Lines under this, and those around a key, are no secret by themselves. */
const longLine = 24;

function linesOf(part: Buffer): Buffer[] {
  if (!part.includes('\n')) return [part];
  const lines = part.toString('latin1').split(/\r?\n/);
  return lines.flatMap(line =>
    line.length < longLine || line.startsWith('-----') ? [] : [Buffer.from(line, 'latin1')],
  );
}

/** What percent-encoding and JSON leave as it is (RFC 3986 §2.3, less `~`, which the form encoding escapes). */
const unreserved = /^[A-Za-z0-9._-]*$/;

/** Every byte percent-encoded, and every character escaped as in JSON. */
function everyOne(part: Buffer): string[] {
  const octets = part.toString('hex').replace(/../g, '%$&');
  const escapes = (digits: (code: string) => string): string =>
    Array.from(
      { length: text.length },
      (_, i) => `\\u${digits(text.charCodeAt(i).toString(16).padStart(4, '0'))}`,
    ).join('');
  const text = part.toString('utf8');
  return [octets, octets.toUpperCase(), escapes(code => code), escapes(code => code.toUpperCase())];
}

function base64s(part: Buffer): string[] {
  return [0, 1, 2].flatMap(offset => {
    const text = Buffer.concat([Buffer.alloc(offset), part]).toString('base64');
    // Six bits a character: leave out those that share bits with a byte before or after the part.
    const middle = text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + part.length) * 8) / 6));
    const percent = middle.replaceAll('+', '%2B').replaceAll('/', '%2F');
    return [
      middle,
      middle.replaceAll('+', '-').replaceAll('/', '_'),
      // In a query, and in JSON by writers that escape slashes.
      percent,
      percent.replace(/%2[BF]/g, octet => octet.toLowerCase()),
      middle.replaceAll('/', '\\/'),
    ];
  });
}

function hexes(part: Buffer): string[] {
  const hex = part.toString('hex');
  return [hex, hex.toUpperCase()];
}

function percents(part: Buffer): string[] {
  const octets = [...part].map(byte => `%${byte.toString(16).padStart(2, '0')}`);
  const keep = (unreserved: RegExp): string =>
    octets
      .map((octet, i) => (unreserved.test(String.fromCharCode(part[i]!)) ? String.fromCharCode(part[i]!) : octet))
      .join('');
  // RFC 3986's unreserved, encodeURIComponent's, the form encoding's, and every byte.
  const forms = [
    keep(/[A-Za-z0-9._~-]/),
    keep(/[A-Za-z0-9._~!'()*-]/),
    keep(/[A-Za-z0-9._* -]/).replaceAll(' ', '+'),
    octets.join(''),
  ];
  return forms.flatMap(form => [form, form.replace(/%../g, octet => octet.toUpperCase())]);
}

function jsons(part: Buffer): string[] {
  const text = part.toString('utf8');
  const plain = JSON.stringify(text).slice(1, -1);
  const escaped = (pattern: RegExp, digits: (code: string) => string): string =>
    plain.replace(pattern, c => `\\u${digits(c.charCodeAt(0).toString(16).padStart(4, '0'))}`);
  const forms = [
    plain,
    plain.replaceAll('/', '\\/'),
    // What writers that are wary of HTML, or of anything but ASCII, make of it.
    ...[/[<>&]/g, /[<>&'+]/g, /[\u007f-\uffff]/g, /[<>&'+\u007f-\uffff]/g].flatMap(pattern => [
      escaped(pattern, code => code),
      escaped(pattern, code => code.toUpperCase()),
    ]),
  ];
  // A document that is a string in another one.
  const twice = forms.filter(form => form.includes('\\')).map(form => JSON.stringify(form).slice(1, -1));
  return [...forms, ...twice, ...twice.map(form => form.replaceAll('/', '\\/'))].map(form =>
    Buffer.from(form).toString('latin1'),
  );
}

/** As text or an attribute of HTML, by the writers that are about (PHP, Python, Go, Ruby, and JavaScript's). */
function htmls(part: Buffer): string[] {
  const plain = part.toString('latin1').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const forms = ['&quot;', '&#34;'].flatMap(double => [
    plain,
    ...["'", '&#39;', '&#x27;', '&#039;'].map(single => plain.replaceAll('"', double).replaceAll("'", single)),
  ]);
  return [...forms, plain.replaceAll('&gt;', '>')];
}
