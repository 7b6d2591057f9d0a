/** The pages of docs/ that are made from the steps of the API, whole or in part. */
import { changelog, routeTable } from '../src/api/versions/index.ts';

/** A page, and what must stand in it. */
export interface Page {
  readonly file: URL;
  /** The page as it should be, made of how it is. */
  written(page: string): string;
}

const HEAD = `# Changelog of the API

What each version of the Docker Remote API changed, as Gantry serves it, newest first. Made from \`src/api/versions/steps\`:

    sh tools/node tools/changelog.ts --write
`;

const BEGIN = '<!-- made by tools/changelog.ts -->';
const END = '<!-- end -->';

/** All of them. */
export async function pages(): Promise<readonly Page[]> {
  const [history, table] = await Promise.all([changelog(), routeTable()]);
  return [
    { file: new URL('../docs/api-changelog.md', import.meta.url), written: () => `${HEAD}\n${history}\n` },
    {
      file: new URL('../docs/api-versions.md', import.meta.url),
      written(page) {
        const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
        if (before < 0 || after < before) throw new Error(`no place for the table: ${BEGIN} … ${END}`);
        return `${page.slice(0, before)}${BEGIN}\n\n${table}\n\n${page.slice(after)}`;
      },
    },
  ];
}
