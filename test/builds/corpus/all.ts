/** All cases, theme by theme. */
import type { BuildCase } from '../build-case.ts';
import { add } from './add.ts';
import { arg } from './arg.ts';
import { commands } from './commands.ts';
import { config } from './config.ts';
import { copy } from './copy.ts';
import { env } from './env.ts';
import { healthcheck } from './healthcheck.ts';
import { heredocs } from './heredocs.ts';
import { ignore } from './ignore.ts';
import { limits } from './limits.ts';
import { onbuild } from './onbuild.ts';
import { stages } from './stages.ts';
import { syntax } from './syntax.ts';

/** Every theme's. */
export const corpus: readonly BuildCase[] = [
  ...[env, arg, copy, add, commands, config, healthcheck, onbuild, stages],
  ...[syntax, ignore, heredocs, limits],
].flat();
