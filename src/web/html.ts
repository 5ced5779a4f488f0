/** HTML: text that came from anywhere, as text; and the one frame around every page. */
import { createHash } from 'node:crypto';
import { inert } from '../inert.js';

/** Markup; made only here and by {@link html}. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text made inert, with markup escaped. */
const escaped = (text: string): string => inert(text).replace(/[&<>"']/g, c => entities[c]!);

type Part = string | number | Markup | readonly Markup[];

/** A template whose values are escaped unless they are markup themselves. */
export function html(parts: TemplateStringsArray, ...values: readonly Part[]): Markup {
  const print = (value: Part): string =>
    value instanceof Markup
      ? value.text
      : Array.isArray(value)
        ? value.map((each: Markup) => each.text).join('')
        : escaped(String(value));
  return new Markup(parts.map((part, i) => part + (i < values.length ? print(values[i]!) : '')).join(''));
}

const style = `:root{color-scheme:light dark;--line:#8886;--warn:#b45309}
body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}
dl{display:grid;grid-template-columns:minmax(5rem,auto) 1fr;gap:.4rem 1rem;border-block:1px solid var(--line);padding:1rem 0}
dt{font-weight:600}
dd{margin:0;overflow-wrap:anywhere}
code{font-family:ui-monospace,monospace;font-size:.95em;unicode-bidi:isolate}
.warning{border-inline-start:.3rem solid var(--warn);padding:.5rem 1rem;margin:1rem 0}
label{display:block}
input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;margin:.25rem 0 1rem}
button{font:inherit;padding:.6rem 1.4rem;margin:0 .6rem .6rem 0;cursor:pointer}
:focus-visible{outline:.2rem solid;outline-offset:.15rem}
@media(max-width:30rem){dl{grid-template-columns:1fr}}`;

/** Fields of every answer: nothing is loaded, framed, kept, indexed or told to others. https://www.w3.org/TR/CSP3/ */
export const pageFields: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex, nofollow, noarchive',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** A whole page. The title says nothing of an agent: previews show it. */
export const page = (title: string, content: Markup): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} – Tollfence</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`.text;
