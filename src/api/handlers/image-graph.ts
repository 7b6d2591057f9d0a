/** The graph of images in the language of Graphviz, as daemons drew it below 1.7. */
import { shortId } from '../../formats/digest.ts';
import type { ImageSummary } from '../../model/image.ts';

/** Names come from outside: a quote or a backslash must not end the string that they stand in. */
const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** One edge from each image's parent, one box a named image. */
export function drawImages(images: readonly ImageSummary[]): string {
  const edges = images.map(({ Id, ParentId }) =>
    ParentId
      ? ` ${quoted(shortId(ParentId))} -> ${quoted(shortId(Id))}`
      : ` base -> ${quoted(shortId(Id))} [style=invis]`,
  );
  const boxes = images
    .filter(({ RepoTags }) => RepoTags.length > 0)
    .map(({ Id, RepoTags }) => {
      // The \n of the label is the graph's, not ours.
      const label = [shortId(Id), ...RepoTags].map((line) => quoted(line).slice(1, -1)).join('\\n');
      return ` ${quoted(shortId(Id))} [label="${label}",shape=box,fillcolor="paleturquoise",style="filled,rounded"];`;
    });
  return ['digraph docker {', ...edges, ...boxes, ' base [style=invisible]', '}', ''].join('\n');
}
