/** How many layers an image may have. */
import { file, tarOf } from '../../harness/layered.ts';
import type { BuildCase } from '../build-case.ts';

const layersOf = (count: number) => Array.from({ length: count }, (_, i) => tarOf([file(`f${i}`, `${i}`)]));

export const limits: readonly BuildCase[] = [
  {
    name: 'an image of 127 layers',
    loads: { tags: ['deep:125'], layers: layersOf(125) },
    dockerfile: 'FROM deep:125\nCOPY Dockerfile /a\nCOPY Dockerfile /b\n',
    expect: { alone: [/^layer 126 "b" file/], why: 'dockerd takes 125, overlay 128' },
  },
];
