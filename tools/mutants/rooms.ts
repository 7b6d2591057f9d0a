/** The rooms whose mutants are asked for: which sources, and which tests are theirs. */
import { globSync } from 'node:fs';
import { basename } from 'node:path';

/** A room as it stands in the tree. */
export interface Room {
  readonly sources: readonly string[];
  readonly tests: readonly string[];
  /** A test file may be ended at its first failure: it does nothing to the machine that must be put right. */
  readonly hasty: boolean;
}

interface Plan {
  readonly folder: string;
  /** Below the folder; all when absent. */
  readonly only?: readonly string[];
  /** Below the folder; all when absent. */
  readonly tests?: readonly string[];
  /** Tests of the room that stand elsewhere. */
  readonly also?: readonly string[];
  /** Tests touch the kernel. */
  readonly careful?: true;
}

/** By name. */
export const plans: Readonly<Record<string, Plan>> = {
  base: { folder: 'src/base' },
  formats: { folder: 'src/formats' },
  // What it makes for people is held to the pages of docs/ where these are made.
  versions: { folder: 'src/api/versions', also: ['tools/api-pages.test.ts'] },
  contract: { folder: 'src/api/contract' },
  network: {
    folder: 'src/network',
    // What decides and writes, without the kernel: addresses, names' messages, netlink's messages, options, rules.
    only: [
      'addresses/*.ts',
      'names/{answer,frames,message,reverse,zone}.ts',
      'netlink/{message,stacked}.ts',
      'firewall/{piece,port-elements}.ts',
      'drivers/bridge/options.ts',
      'drivers/hardware-address.ts',
    ],
    // Those that need no kernel either, though others find some of these mutants too: they take minutes.
    tests: [
      'addresses/*.test.ts',
      'names/{answer,answer-bounds,message,message-bounds,reverse,zone}.test.ts',
      'netlink/*.test.ts',
      'firewall/port-elements.test.ts',
      'drivers/bridge/options.test.ts',
      'drivers/hardware-address.test.ts',
    ],
  },
  output: { folder: 'src/runtime/output', careful: true },
  unpack: { folder: 'src/storage/unpack', careful: true },
};

/** Finds a room's files. @throws when there is no such room */
export function roomOf(root: string, name: string): Room {
  const plan = plans[name];
  if (plan === undefined) throw new Error(`no room ${name}: there are ${Object.keys(plans).join(', ')}`);
  const { folder, only, tests, also = [], careful } = plan;
  const find = (patterns: readonly string[]) =>
    globSync(
      patterns.map((each) => `${folder}/${each}`),
      { cwd: root },
    ).sort();
  return {
    sources: find(only ?? ['**/*.ts']).filter(isProduct),
    tests: [...find(tests ?? ['**/*.test.ts']), ...also],
    hasty: careful !== true,
  };
}

const isProduct = (path: string) => !/^test-|\.test\.ts$|\.d\.ts$/.test(basename(path));
