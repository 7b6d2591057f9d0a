/**
 * Comes before every program that a test runs (`--import`): one module's program is another one, the mutant's. Threads
 * and other programs of node inherit it by the environment. Random tests look for no smaller example of a failure, and
 * take the same values each time, so that a mutant that was found is found again.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const { GANTRY_MUTANT_URL: url, GANTRY_MUTANT_PROGRAM: program } = process.env;

if (url && program)
  registerHooks({
    load(each, context, next) {
      if (each === url)
        return { format: 'module', source: readFileSync(program, 'utf8'), shortCircuit: true };
      const loaded = next(each, context);
      if (!each.endsWith('/fast-check/lib/fast-check.js')) return loaded;
      return { ...loaded, source: `${loaded.source}\nconfigureGlobal({ endOnFailure: true, seed: 1 });` };
    },
  });
