/** The client room's door. */
export { connectTo } from './client.ts';
