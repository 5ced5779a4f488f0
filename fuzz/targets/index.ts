/** Fuzz: every target. */
import type { Target } from '../target.js';
import { authority } from './authority.js';
import { coding } from './coding.js';
import { form } from './form.js';
import { frames } from './frames.js';
import { graphql } from './graphql.js';
import { head } from './head.js';
import { json } from './json.js';
import { multipart } from './multipart.js';
import { packets } from './packets.js';
import { scrub } from './scrub.js';
import { target } from './target.js';

export const targets: readonly Target[] = [
  head,
  target,
  authority,
  json,
  form,
  multipart,
  coding,
  graphql,
  packets,
  frames,
  scrub,
];
