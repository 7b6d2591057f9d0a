/** The client room's door. */
export { type ApiClient, connectTo } from './client.ts';
