/** Images: lists, names, pulls, pushes, builds, commits, archives, logins, in each version's forms. */
import type { Check } from '../../probe.ts';
import { listsOfImages } from './lists.ts';
import { logins } from './logins.ts';
import { makings } from './makings.ts';
import { names } from './names.ts';
import { transfers } from './transfers.ts';

export const images: readonly Check[] = [...listsOfImages, ...names, ...transfers, ...makings, ...logins];
