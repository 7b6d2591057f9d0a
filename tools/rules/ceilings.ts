/** Until every room keeps every rule: how many findings each has at most. These numbers only go down, to none. */
import type { Ceilings } from './judge.ts';

/** By rule and room. */
export const ceilings: Ceilings = {
  'named-file': { 'src/network': 7 },
  'unused-export': { 'src/model': 2, 'src/network': 11 },
  'unread-member': {
    'src/api/handlers': 1,
    'src/api/http': 1,
    'src/api/versions': 3,
    'src/daemon': 1,
    'src/engine': 8,
    'src/linux': 1,
    'src/network': 4,
    'src/runtime': 1,
    'src/storage': 2,
  },
};
