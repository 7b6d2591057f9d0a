/** Results as clients of a build have them: names of what was made, and the images' configurations. Pure. */
import type { Solved, SolvedPlatform } from '../../../engine/index.ts';
import { parsePlatform } from '../../../formats/platform.ts';
import type { Definition } from '../messages/common.ts';
import type { BridgeSolveRequest, Result } from '../messages/gateway.ts';

const EMPTY: Result = {
  oldRef: '',
  oldRefs: undefined,
  ref: undefined,
  refs: undefined,
  metadata: new Map(),
};

/** `graphOf`: the graph that stands for a result of that token. */
export function resultOf(
  solved: Solved,
  {
    allowResultReturn,
    allowResultArrayRef,
  }: Pick<BridgeSolveRequest, 'allowResultReturn' | 'allowResultArrayRef'>,
  graphOf: (token: string) => Definition,
): { readonly ref?: string; readonly result?: Result } {
  const [only] = solved.results;
  if (!allowResultReturn) return { ref: only?.token ?? '' };
  const result: Result = { ...EMPTY, metadata: metadataOf(solved) };
  const refs = new Map(
    solved.results.map(({ platform, token }) => [platform, { id: token, def: graphOf(token) }]),
  );
  if (solved.multiPlatform)
    return allowResultArrayRef
      ? { result: { ...result, refs: { refs } } }
      : { result: { ...result, oldRefs: { refs: new Map([...refs].map(([name, { id }]) => [name, id])) } } };
  if (only === undefined) return { result };
  return allowResultArrayRef
    ? { result: { ...result, ref: refs.get(only.platform) } }
    : { result: { ...result, oldRef: only.token } };
}

function metadataOf({ results, multiPlatform, answers }: Solved): Map<string, Buffer> {
  const platforms = results.map(({ platform }) => ({ ID: platform, Platform: platformOf(platform) }));
  return new Map([
    ...answers,
    ...results.map(({ platform, config }): [string, Buffer] => [
      multiPlatform ? `containerimage.config/${platform}` : 'containerimage.config',
      config,
    ]),
    ...(results.length > 0
      ? [['refs.platforms', Buffer.from(JSON.stringify({ Platforms: platforms }))] as [string, Buffer]]
      : []),
  ]);
}

function platformOf(text: SolvedPlatform['platform']) {
  const { architecture, os, variant } = parsePlatform(text);
  return { architecture, os, ...(variant ? { variant } : {}) };
}

/** What a client returns as its result: none when it only asked. */
export function tokensOf(result: Result | undefined): string[] {
  if (result === undefined) return [];
  const { oldRef, oldRefs, ref, refs } = result;
  const all = [
    oldRef,
    ref?.id ?? '',
    ...(oldRefs?.refs.values() ?? []),
    ...[...(refs?.refs.values() ?? [])].map((each) => each?.id ?? ''),
  ];
  return all.filter((token) => token !== '');
}
