// A generated table as text: the same bytes for the same table, a row a line, so that a difference can be read.

/** By code units: the same order on every machine. */
const byName = ([a], [b]) => (a < b ? -1 : a > b ? 1 : 0);

/** `sources` a line each, `routes` a line each by method and path, `data` a line for each of its members. */
export function print({ sources, routes, data }) {
  const lines = (members, open, close) => `${open}\n${members.map(line => `    ${line}`).join(',\n')}\n  ${close}`;
  const named = object =>
    lines(
      Object.entries(object)
        .sort(byName)
        .map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`),
      '{',
      '}',
    );
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
  const members = [
    `"sources": ${lines(
      sources.map(source => JSON.stringify(source)),
      '[',
      ']',
    )}`,
    ...(routes === undefined ? [] : [`"routes": ${named(routes)}`]),
    ...(data === undefined ? [] : [`"data": ${isObject ? named(data) : JSON.stringify(data)}`]),
  ];
  return `{\n  ${members.join(',\n  ')}\n}\n`;
}
