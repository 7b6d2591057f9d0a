/** The client room's door. */
export { type ApiClient, connectTo, placeOf } from './client.ts';
