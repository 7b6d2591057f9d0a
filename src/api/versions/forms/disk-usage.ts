/** Disk usage in the forms of older versions. */
import { type Doc, isDoc, memberOf } from '../doc-path.ts';
import { type Lens, reshaped } from '../lens.ts';
import { shapeChanges, shapeWith, shapeWithout } from '../shape.ts';

/** How each kind of things is summed up. */
export const usageMembers = ['ImageUsage', 'ContainerUsage', 'VolumeUsage', 'BuildCacheUsage'] as const;

/** What the cache of builds takes, told beside its records below 1.42. */
export const builderSize = ({ body }: Doc): number =>
  recordsIn(body).reduce((sum, record) => sum + Number(record.Size ?? 0), 0);

/** Below 1.42 what builds left had one parent. */
export const oneParent: Lens = reshaped('a record of the build cache may have several parents', {
  down({ body }) {
    for (const record of recordsIn(body)) {
      const { Parents } = record;
      delete record.Parents;
      if (Array.isArray(Parents) && Parents.length > 0) record.Parent = Parents[0];
    }
  },
  shape: shapeChanges(
    shapeWithout('body.BuildCache[].Parents'),
    shapeWith({ 'body.BuildCache[].Parent': { type: 'string' } }),
  ),
});

const recordsIn = (body: unknown): Doc[] => {
  const records = memberOf(body, 'BuildCache');
  return Array.isArray(records) ? records.filter(isDoc) : [];
};
