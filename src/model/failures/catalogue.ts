/** All failures that have a code, by noun, and the types of their fields: what older versions of the API match. */
import { archiveFailure } from './archive.ts';
import { buildFailure } from './build.ts';
import { changeFailure } from './change.ts';
import { containerContext, containerFailure } from './container.ts';
import { dockerfileContext, dockerfileFailure } from './dockerfile.ts';
import { execFailure } from './exec.ts';
import { filterFailure } from './filter.ts';
import { ignoreFailure } from './ignore.ts';
import { imageFailure } from './image.ts';
import { lentFailure } from './lent.ts';
import { lintFailure } from './lint.ts';
import { logFailure } from './log.ts';
import { manifestFailure } from './manifest.ts';
import { networkContext, networkFailure } from './network.ts';
import { outputFailure } from './output.ts';
import { pluginFailure } from './plugin.ts';
import { referenceFailure } from './reference.ts';
import { registryFailure } from './registry.ts';
import { requestFailure } from './request.ts';
import { settingContext, settingFailure } from './setting.ts';
import { stepFailure } from './step.ts';
import { swarmFailure } from './swarm.ts';
import { syncFailure } from './sync.ts';
import { vertexContext, vertexFailure } from './vertex.ts';
import { volumeContext, volumeFailure } from './volume.ts';

/** Each noun's failures. */
export const failureTables = {
  manifest: manifestFailure,
  change: changeFailure,
  archive: archiveFailure,
  build: buildFailure,
  registry: registryFailure,
  reference: referenceFailure,
  log: logFailure,
  container: containerFailure,
  exec: execFailure,
  filter: filterFailure,
  image: imageFailure,
  lent: lentFailure,
  network: networkFailure,
  output: outputFailure,
  plugin: pluginFailure,
  request: requestFailure,
  setting: settingFailure,
  step: stepFailure,
  swarm: swarmFailure,
  vertex: vertexFailure,
  sync: syncFailure,
  volume: volumeFailure,
  dockerfile: dockerfileFailure,
  ignore: ignoreFailure,
  lint: lintFailure,
};
/** Each noun's contexts. */
export const contextTables = {
  container: containerContext,
  dockerfile: dockerfileContext,
  network: networkContext,
  setting: settingContext,
  vertex: vertexContext,
  volume: volumeContext,
};

type CodeIn<T> = { [N in keyof T & string]: `${N}.${keyof T[N] & string}` }[keyof T & string];
type RowIn<T, C extends string> = C extends `${infer N}.${infer K}`
  ? N extends keyof T
    ? K extends keyof T[N]
      ? T[N][K]
      : never
    : never
  : never;
type FieldsIn<Row> = Row extends { readonly words: (...fields: infer A) => string }
  ? A extends readonly [infer F]
    ? F
    : Record<never, never>
  : never;

/** The code of a failure. */
export type FailureCode = CodeIn<typeof failureTables>;
/** What a failure of that code names. */
export type FieldsOf<C extends FailureCode> = FieldsIn<RowIn<typeof failureTables, C>>;
/** The code of what stands before a failure's words. */
export type ContextCode = CodeIn<typeof contextTables>;
/** What a context of that code names. */
export type ContextFieldsOf<C extends ContextCode> = FieldsIn<RowIn<typeof contextTables, C>>;
