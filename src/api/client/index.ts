/** The client room's door. */
export { ApiClient, type ApiFailure, connectTo } from './client.ts';
