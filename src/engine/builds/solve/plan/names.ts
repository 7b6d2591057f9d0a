/** What steps of a stage are called where they are drawn: `[build 2/3] RUN make`. Pure. */

import type { Instruction } from '../../../../formats/dockerfile/instruction.ts';
import { parsePlatform, platformText, type WantedPlatform } from '../../../../formats/platform.ts';
import type { StageOutline } from './stages.ts';
import type { StageState } from './state.ts';

/** What is in a stage's brackets. */
export interface Bracket {
  readonly label: string;
  /** Steps that are counted: those of the file, not what a base's triggers add. */
  readonly total: number;
  /** Told where there are several. */
  readonly platform: WantedPlatform | undefined;
}

const COUNTED: readonly Instruction['is'][] = ['add', 'copy', 'run', 'workdir'];

/** `platform`: told in it. `hasBase`: it stands on an image. */
export const bracketOf = (
  { stage, label }: StageOutline,
  hasBase: boolean,
  platform: WantedPlatform | undefined,
): Bracket => ({
  label,
  total: (hasBase ? 1 : 0) + stage.instructions.filter(({ is }) => COUNTED.includes(is)).length,
  platform,
});

/** The line with its place before it, and the state in which it was counted. */
export function numbered(
  line: string,
  { label, total, platform }: Bracket,
  state: StageState,
): { readonly name: string; readonly counted: StageState } {
  if (total === 0) return { name: line, counted: state };
  const count = state.count + 1;
  const parts = [
    ...(platform === undefined ? [] : [platformText(platform) + crossing(platform, state.env)]),
    ...(label === '' ? [] : [label]),
    `${String(count).padStart(String(total).length)}/${total}`,
  ];
  return { name: `[${parts.join(' ')}] ${line}`, counted: { ...state, count } };
}

/** What a stage that runs on one machine makes for another. */
function crossing({ os, architecture }: WantedPlatform, env: ReadonlyMap<string, string>): string {
  const target = targetIn(env);
  if (target === undefined) return '';
  const said = {
    os: target.os || os,
    architecture: target.architecture || architecture,
    variant: target.variant,
  };
  if (said.os !== os) return `->${platformText(said)}`;
  if (said.architecture === architecture) return '';
  return `->${[said.architecture, said.variant].filter(Boolean).join('/')}`;
}

function targetIn(env: ReadonlyMap<string, string>): WantedPlatform | undefined {
  const whole = env.get('TARGETPLATFORM');
  try {
    if (whole) return parsePlatform(whole);
  } catch {
    // Whatever somebody called so: the parts may say it.
  }
  const names = ['TARGETOS', 'TARGETARCH', 'TARGETVARIANT'];
  if (!names.some((name) => env.has(name))) return undefined;
  const [os = '', architecture = '', variant = ''] = names.map((name) => env.get(name) ?? '');
  return { os, architecture, variant };
}
