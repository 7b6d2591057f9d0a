/** Which Gantry this is. The build replaces the two `__GANTRY_…__` names; sources as they stand have neither. */

declare const __GANTRY_COMMIT__: string | undefined;
declare const __GANTRY_BUILT__: string | undefined;

/** The same as in package.json (a test compares them). */
export const VERSION = '0.1.0';

/** Short hash of the commit that was built; `source` when running unbuilt. */
export const COMMIT = typeof __GANTRY_COMMIT__ === 'string' ? __GANTRY_COMMIT__ : 'source';

/** When it was built (RFC 3339); the moment this process started when running unbuilt. */
export const BUILT =
  typeof __GANTRY_BUILT__ === 'string' ? __GANTRY_BUILT__ : new Date().toISOString().replace(/\.\d+/, '');
