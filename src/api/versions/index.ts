/** Versions of the API: which one a request means, and how it speaks. */
export { changelog } from './changelog.ts';
export { Dialect } from './dialect.ts';
export { dialectOf, newestDialect } from './dialects.ts';
export type { Doc } from './doc-path.ts';
export { memberOf } from './doc-path.ts';
export { type Failure, failureFrom, type ToldFailure } from './failure.ts';
export { asText } from './forms/progress.ts';
export { legacyRoutes } from './legacy/routes.ts';
export { openApi } from './openapi.ts';
export { routeTable } from './route-table.ts';
export { minorOf } from './step.ts';
export type { Traits } from './traits.ts';
