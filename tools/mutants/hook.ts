/**
 * Comes before every program that a test runs (`--import`): one module's program is another one, the mutant's. Threads
 * and other programs of node inherit it by the environment.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const { GANTRY_MUTANT_URL: url, GANTRY_MUTANT_PROGRAM: program } = process.env;

if (url && program)
  registerHooks({
    load: (each, context, next) =>
      each === url
        ? { format: 'module', source: readFileSync(program, 'utf8'), shortCircuit: true }
        : next(each, context),
  });
