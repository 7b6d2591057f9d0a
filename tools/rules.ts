/**
 * Holds the tree to the rules of the house: no import circles, short files and functions, comments that name only
 * files that exist, members and exports with a reader, doc comments, no clones. Prints what breaks one, and fails.
 * `--count` prints how many findings each room has instead of the findings.
 */
import { dirname } from 'node:path';
import { circles } from './rules/circles.ts';
import { clones } from './rules/clones.ts';
import { docComments } from './rules/doc-comments.ts';
import { exceptions } from './rules/exceptions.ts';
import { openHouse } from './rules/house.ts';
import { judge } from './rules/judge.ts';
import { namedFiles } from './rules/named-files.ts';
import { fileSizes, functionSizes } from './rules/sizes.ts';
import { unreadMembers } from './rules/unread-members.ts';
import { unusedExports } from './rules/unused-exports.ts';

const rules = [
  circles,
  fileSizes,
  functionSizes,
  namedFiles,
  docComments,
  unusedExports,
  unreadMembers,
  clones,
];

const began = performance.now();
using house = openHouse(dirname(import.meta.dirname));
const findings = rules.flatMap((rule) => rule(house));
const { wrong, counts } = judge(findings, exceptions);

if (process.argv.includes('--count')) console.log(JSON.stringify(counts, null, 2));
else for (const line of wrong) console.error(line);
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(
  `rules: ${house.sources.length} files, ${wrong.length} wrong, ${exceptions.length} exceptions, ${seconds} s`,
);
if (wrong.length > 0 || house.sources.length === 0) process.exitCode = 1;
