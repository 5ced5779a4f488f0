/**
 * TypeScript: the declarations of parameters in the sources of SDKs, line by line. They are formatted by tools, so that
 * indentation tells where a declaration ends. A member that isn't understood is left out.
 */

/** Adds the interfaces and type aliases of a file to `index`: name → `{ bases: [{ name, optional }], members }`. */
export function declarations(text, index = new Map()) {
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const head = /^( *)(?:export )?(?:declare )?(interface|type) ([\w$]+)/.exec(lines[at]);
    if (head === null) continue;
    const [, indent, kind, name] = head;
    const ends =
      kind === 'interface'
        ? line => line.startsWith(`${indent}}`)
        : line => line.endsWith(';') && !line.startsWith(`${indent} `);
    let end = at;
    while (end < lines.length - 1 && !ends(lines[end]) && !lines[end].endsWith('{}')) end++;
    const body = lines.slice(at, end + 1);
    if (!index.has(name)) index.set(name, { bases: basesOf(body, kind, name), members: membersOf(body, indent) });
    at = end;
  }
  return index;
}

/** What a declaration is made of besides its own members. */
function basesOf(body, kind, name) {
  const text = kind === 'interface' ? body[0] : body.filter(line => !/^ +(\/?\*|\w+\??:)/.test(line)).join(' ');
  const heads = text.replace(/\/\*.*?\*\//g, ' ').replace(/'[^']*'/g, ' ');
  const bases = [...heads.matchAll(/(Partial<|OptionalArgument<)?\b([A-Z][\w$]*)\b/g)].map(([, partial, base]) => ({
    name: base,
    optional: partial !== undefined,
  }));
  return bases.filter(base => base.name !== name && !/^(Pick|Omit|Partial|OptionalArgument)$/.test(base.name));
}

/** The members as far in as the first one: what is further in is a member of a member. */
function membersOf(body, indent) {
  const members = [];
  let documentation = [];
  let own = null;
  for (let at = 1; at < body.length; at++) {
    const line = body[at];
    if (/^\s*(\/\*\*|\*)/.test(line)) {
      documentation = line.includes('/**') ? [line] : [...documentation, line];
      continue;
    }
    const [, step, name, optional, first] = /^(\s+)'?([\w$.-]+)'?(\?)?:(.*)$/.exec(line) ?? [];
    if (name !== undefined && step.length > indent.length && step === (own ?? step)) {
      own = step;
      let type = first;
      while (!type.endsWith(';') && at < body.length - 1) type += ` ${body[++at].trim()}`;
      members.push({
        name,
        optional: optional !== undefined,
        type: type.replace(/;$/, '').trim(),
        documentation: documentation
          .join(' ')
          .replace(/\s*\/?\*+\/?\s*/g, ' ')
          .trim(),
      });
    }
    if (line.trim() !== '') documentation = [];
  }
  return members;
}

/** The members of a declaration with those of its bases; its own win. */
export function allMembers(index, name, optional = false, seen = new Set()) {
  const declared = index.get(name);
  if (declared === undefined || seen.has(name)) return [];
  seen.add(name);
  const inherited = declared.bases.flatMap(base => allMembers(index, base.name, optional || base.optional, seen));
  const own = declared.members.map(member => ({ ...member, optional: optional || member.optional }));
  return [...new Map([...inherited, ...own].map(member => [member.name, member])).values()];
}
