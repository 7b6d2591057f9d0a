/** The API's door: make it, listen with it. */
export { type Api, type ApiOptions, createApi } from './api.ts';
export { type Address, type Listener, listen } from './listen.ts';
