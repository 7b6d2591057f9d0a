/** A managed plugin, as lists tell of it. */
import { boolean, object, string } from '../base/schema.ts';

export const Plugin = object('Plugin', { Id: string(), Name: string(), Enabled: boolean() });
