/** Disk usage in the forms of older versions. */
import { flag } from '../../contract/query.ts';
import { type Doc, homeIn, isDoc, memberOf } from '../doc-path.ts';
import { type Lens, reshaped } from '../lens.ts';
import { shapeChanges, shapeSpot, shapeWith, shapeWithout } from '../shape.ts';

/** Beside a query that wants the older members too. */
const LEGACY = 'legacy';

const lists = {
  Images: 'ImageUsage',
  Containers: 'ContainerUsage',
  Volumes: 'VolumeUsage',
  BuildCache: 'BuildCacheUsage',
} as const;

/** Up to 1.52 all things were listed at the top, unless the client asked by `verbose` for the newer members' lists. */
export const listsAtTheTop: Lens = {
  note: 'lists of all things leave the top',
  restores: true,
  shape(shape) {
    if (!isDoc(shape.body)) return; // the request says the same
    shapeSpot('body.LayersSize').put(shape, { type: 'integer' });
    for (const [older, newer] of Object.entries(lists))
      shapeSpot(`body.${older}`).put(shape, shapeSpot(`body.${newer}.Items`).peek(shape));
  },
  up(doc) {
    const query = homeIn(doc, 'query');
    delete query[LEGACY];
    if (!flag().read(memberOf(query, 'verbose') as string | undefined, 'verbose'))
      Object.assign(query, { verbose: '1', [LEGACY]: '1' });
  },
  down(doc) {
    if (memberOf(doc.said, LEGACY) === undefined || !isDoc(doc.body)) return;
    doc.body.LayersSize = memberOf(memberOf(doc.body, 'ImageUsage'), 'TotalSize') ?? 0;
    for (const [older, newer] of Object.entries(lists)) {
      const usage = memberOf(doc.body, newer);
      if (isDoc(usage)) doc.body[older] = Array.isArray(usage.Items) ? usage.Items : [];
    }
  },
};

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

/** Members of the newest form. */
export const usageMembers: readonly string[] = Object.values(lists);
