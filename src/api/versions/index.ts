/** Versions of the API: which one a request means, and how it speaks. */
import type { Dialect } from './dialect.ts';
import type { OpenApi } from './openapi.ts';

export { Dialect } from './dialect.ts';
export { dialectOf, newestDialect } from './dialects.ts';
export type { Doc } from './doc-path.ts';
export { memberOf } from './doc-path.ts';
export { type Failure, failureFrom, type ToldFailure } from './failure.ts';
export { asText } from './forms/progress.ts';
export { legacyRoutes } from './legacy/routes.ts';
export { minorOf } from './step.ts';
export type { Traits } from './traits.ts';

// Few ever ask for what is made for people: until then its code is not loaded.

/** The OpenAPI document of a dialect's version. */
export const openApi = async (dialect: Dialect): Promise<OpenApi> =>
  (await import('./openapi.ts')).openApi(dialect);
/** The API's changelog as Markdown. */
export const changelog = async (): Promise<string> => (await import('./changelog.ts')).changelog();
/** All routes and what became of them, as a table in Markdown. */
export const routeTable = async (): Promise<string> => (await import('./route-table.ts')).routeTable();
