/** The API's changelog, newest first, read off the steps. */
import type { Lens } from './lens.ts';
import type { Step } from './step.ts';
import { steps } from './steps.ts';

/** The whole changelog as Markdown. */
export function changelog(): string {
  return steps.toReversed().map(chapter).join('\n\n');
}

function chapter(step: Step): string {
  const lines = [
    ...(step.adds ?? []).map((route) => `- new: ${route}`),
    ...(step.removes ?? []).map((route) => `- gone: ${route}`),
    ...[step.requests, step.responses, step.messages].flatMap(notesOf),
    ...(step.failures ?? []).map((failure) => `- errors: ${failure.note}`),
  ];
  return [`## v${step.version}`, step.summary, ...lines].join('\n');
}

function notesOf(side: Readonly<Record<string, readonly Pick<Lens, 'note'>[]>> | undefined): string[] {
  return Object.entries(side ?? {}).flatMap(([route, lenses]) =>
    lenses.map((lens) => `- ${route}: ${lens.note}`),
  );
}
