/** Files that are taken from a stage or an image (`--from`). */
import { inContext } from '../../../base/errors.ts';
import { textOf } from '../../../formats/byte-text.ts';
import { stepContext } from '../../../model/failures/step.ts';
import type { FileSource } from '../../../storage/index.ts';
import type { Say } from '../output.ts';
import { stageOf } from '../plan/stages.ts';
import { baseImage } from './base-image.ts';
import type { Building } from './shared.ts';

/** `index`: of the stage that asks. The files are held until the build's end. @throws NotFound, InvalidArgument */
export async function sourceOf(
  building: Building,
  from: string,
  index: number,
  say: Say,
): Promise<FileSource> {
  const { deps, plan, scope } = building;
  const stage = stageOf(
    from,
    plan.stages.map((each) => each.stage),
    index,
  );
  const image =
    stage === undefined ? await imageOf(building, from, say) : (await building.stage(stage, say)).image;
  return scope.use(deps.storage.files.openLayers(image.chainId));
}

async function imageOf(building: Building, from: string, say: Say) {
  try {
    return await baseImage(building, textOf(from), undefined, say);
  } catch (error) {
    throw inContext(error, stepContext.from({ from: textOf(from) }));
  }
}
