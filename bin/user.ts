/** Who runs this. */
import { userInfo } from 'node:os';

/** Name of the user of this process. In a container there may be a number and no name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid:${process.getuid?.() ?? 'unknown'}`;
  }
}
