/** Syntax trees of a few files, from the compiler that checks the whole: types and libraries are not looked at. */
import { join } from 'node:path';
import type { SourceFile } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

/** A file's text and its tree. */
export interface Parsed {
  /** From the root. */
  readonly path: string;
  readonly text: string;
  readonly tree: SourceFile;
}

/** A project that stands nowhere: its only files are those asked for. */
const PROJECT = 'mutants.tsconfig.json';

/** Parses files below `root` and hands their trees to `work`: these are no longer good after it. */
export function withParsed<T>(root: string, paths: readonly string[], work: (files: Parsed[]) => T): T {
  const project = join(root, PROJECT);
  const config = JSON.stringify({
    compilerOptions: { noResolve: true, noLib: true, types: [], noEmit: true, target: 'esnext' },
    files: paths,
  });
  const api = new API({
    cwd: root,
    fs: {
      readFile: (name) => (name === project ? config : undefined),
      fileExists: (name) => (name === project ? true : undefined),
    },
  });
  try {
    const program = api.updateSnapshot({ openProject: project }).getProjects()[0]?.program;
    return work(
      paths.map((path) => {
        const tree = program?.getSourceFile(join(root, path));
        if (tree === undefined) throw new Error(`cannot be parsed: ${path}`);
        return { path, text: tree.text, tree };
      }),
    );
  } finally {
    api.close();
  }
}
