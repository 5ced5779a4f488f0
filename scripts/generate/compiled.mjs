// What the modules of the APIs use of the program itself: its reader of descriptions, compiled.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const out = process.env.OUT ? pathToFileURL(`${resolve(process.env.OUT)}/`) : new URL('../../dist/', import.meta.url);

export const { readOpenApi, actionName, parameterName, singular, snake } = await import(
  new URL('src/action/openapi/index.js', out).href
);
