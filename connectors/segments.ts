/**
 * The segments of a path, for APIs whose paths are read by a function. As strict as templates are: what would mean another
 * path to somebody who decodes once more, or takes `%2F`, `\` or `;` for a separator, has none.
 */

const unsafe = /[\u0000-\u001f\u007f-\u009f\\/;]|%[0-9a-fA-F]{2}|^\s|\s$|^\.{0,2}$/;

/** The decoded segments of a canonical path; null if one of them could be read in two ways, or is empty. */
export function segmentsOf(path: string): readonly string[] | null {
  const decoded: string[] = [];
  for (const segment of path.replace(/^\//, '').split('/')) {
    let text: string;
    try {
      text = decodeURIComponent(segment);
    } catch {
      return null;
    }
    if (unsafe.test(text) || text.length > 1024) return null;
    decoded.push(text);
  }
  return decoded;
}
