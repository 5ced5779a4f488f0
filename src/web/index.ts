/** Web: pages for people who have a one-time link. */
export { serveWeb, type Web } from './server.js';
