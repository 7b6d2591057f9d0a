/** The graph of images in the language of Graphviz, as daemons drew it below 1.7. */
import type { ImageSummary } from '../../model/image.ts';

const SHORT = 12;
const short = (id: string): string => id.replace(/^sha256:/, '').slice(0, SHORT);

/** Names come from outside: a quote or a backslash must not end the string that they stand in. */
const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** One edge from each image's parent, one box a named image. */
export function drawImages(images: readonly ImageSummary[]): string {
  const edges = images.map(({ Id, ParentId }) =>
    ParentId
      ? ` ${quoted(short(ParentId))} -> ${quoted(short(Id))}`
      : ` base -> ${quoted(short(Id))} [style=invis]`,
  );
  const boxes = images
    .filter(({ RepoTags }) => RepoTags.length > 0)
    .map(({ Id, RepoTags }) => {
      // The \n of the label is the graph's, not ours.
      const label = [short(Id), ...RepoTags].map((line) => quoted(line).slice(1, -1)).join('\\n');
      return ` ${quoted(short(Id))} [label="${label}",shape=box,fillcolor="paleturquoise",style="filled,rounded"];`;
    });
  return ['digraph docker {', ...edges, ...boxes, ' base [style=invisible]', '}', ''].join('\n');
}
