/** Fuzz: authorities and addresses. What is read is a fixed point, and a URL parser names the same host. */
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { Refusal } from '../../src/errors.js';
import { isPublic } from '../../src/http/destination.js';
import { parseAuthority, printAuthority } from '../../src/http/target.js';
import { type Target, unlessRefused } from '../target.js';

export const authority: Target = {
  name: 'authority',
  seeds: [
    'api.github.com',
    'api.test:8443',
    '[::1]:443',
    '10.0.0.1:80',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    'xn--bcher-kva.example',
  ],
  tokens: [
    '.',
    ':',
    '[',
    ']',
    '@',
    '::',
    'ffff',
    '127.0.0.1',
    '0x7f',
    '1',
    '65536',
    '%25',
    '-',
    '_',
    '*',
    '/',
    'xn--',
    '00',
    '169.254',
    'fe80',
  ],
  longest: 512,
  run(input) {
    const found = unlessRefused(() => parseAuthority(input.toString('latin1'), 'https', 443), Refusal);
    if (found === null) return 'refused';
    const printed = printAuthority(found);
    assert.deepEqual(parseAuthority(printed, 'https', 443), found);
    const family = isIP(found.host);
    if (URL.canParse(`https://${printed}/`)) assert.equal(new URL(`https://${printed}/`).host, printed);
    else assert.match(found.host, /xn--/);
    return `${family} ${family === 0 ? '' : isPublic(found.host)} ${found.port === 443}`;
  },
};
