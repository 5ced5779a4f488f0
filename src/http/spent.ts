/**
 * Spent: the buffers that bulk leaves behind. V8 starts to collect them only when 64 MiB of them have gathered, for it
 * does not see how large they are; here they are collected sooner, so that big bodies need little memory.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** So many bytes of bodies may have passed between two collections. */
const patience = 2 << 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
setFlagsFromString('--no-expose-gc');

let gathered = 0;

/** Says that this many bytes of a body have passed. Now and then collects the youngest objects: a millisecond or two. */
export function spent(bytes: number): void {
  gathered += bytes;
  if (gathered < patience) return;
  gathered = 0;
  collect({ type: 'minor' });
}
