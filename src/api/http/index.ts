/** The API's door: make it, listen with it. */
export { type Api, createApi } from './api.ts';
export { type Listener, listen, openSecure } from './listen.ts';
export type { Certificates, Secure } from './secure.ts';
