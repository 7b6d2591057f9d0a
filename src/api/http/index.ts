/** The API's door: make it, listen with it. */
export { createApi } from './api.ts';
export { type Listener, listen } from './listen.ts';
