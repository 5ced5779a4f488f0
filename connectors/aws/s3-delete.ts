/** The body of S3's DeleteObjects: XML with nothing in it but keys. Attacker-controlled. */

/** An object that is to be deleted. */
export interface Deleted {
  readonly key: string;
  readonly version: string | null;
}

const entities: { readonly [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Text with its references undone; null if one is not known. */
function unescaped(text: string): string | null {
  let sound = true;
  const result = text.replace(/&(#x?[0-9a-fA-F]+|\w+)?;?/g, (whole, name: string | undefined) => {
    if (name === undefined || !whole.endsWith(';')) sound = false;
    else if (name.startsWith('#')) {
      const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
      if (code > 0 && code <= 0x10ffff) return String.fromCodePoint(code);
      sound = false;
    } else if (Object.hasOwn(entities, name)) return entities[name]!;
    else sound = false;
    return '';
  });
  return sound ? result : null;
}

const head =
  /^(?:<\?xml version="1\.0"(?: encoding="UTF-8")?\?>)?\s*<Delete(?: xmlns="http:\/\/s3\.amazonaws\.com\/doc\/2006-03-01\/")?>/i;
const part = /\s*<(Object|Quiet)>([\s\S]*?)<\/\1>/y;
const member = /\s*<(Key|VersionId|ETag|LastModifiedTime|Size)>([^<>]*)<\/\1>/y;

/** The parts of a text that are all of it; null if something else is in it. */
function all(pattern: RegExp, text: string): readonly (readonly [name: string, content: string])[] | null {
  const found: [string, string][] = [];
  let at = 0;
  for (;;) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return text.slice(at).trim() === '' ? found : null;
    found.push([match[1]!, match[2]!]);
    at = pattern.lastIndex;
  }
}

function deletedIn(text: string): Deleted | null {
  const members = all(member, text);
  const names = members?.map(([name]) => name);
  if (!members || new Set(names).size !== members.length) return null;
  const found = new Map(members);
  const key = unescaped(found.get('Key') ?? '');
  const version = found.get('VersionId');
  // Readers of XML differ in whether spaces around a text are a part of it.
  if (key === null || key === '' || key !== key.trim() || (version !== undefined && !/^[A-Za-z0-9._-]+$/.test(version)))
    return null;
  return { key, version: version ?? null };
}

/** The keys in the body; null if it isn't complete, or has anything else in it. */
export function keysIn(text: string | undefined): readonly Deleted[] | null {
  const start = head.exec(text ?? '')?.[0].length;
  if (text === undefined || start === undefined || !/<\/Delete>\s*$/.test(text)) return null;
  const parts = all(part, text.slice(start).replace(/<\/Delete>\s*$/, ''));
  const objects = parts?.filter(([name]) => name === 'Object').map(([, content]) => deletedIn(content));
  return objects && objects.length > 0 && objects.every(object => object !== null) ? (objects as Deleted[]) : null;
}
