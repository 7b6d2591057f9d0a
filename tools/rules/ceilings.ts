/** Until every room keeps every rule: how many findings each has at most. These numbers only go down, to none. */
import type { Ceilings } from './judge.ts';

/** By rule and room. */
export const ceilings: Ceilings = {
  'file-size': { 'src/network': 2 },
  'named-file': { 'src/network': 7 },
  'doc-comment': { 'src/network': 70 },
  'unused-export': { 'src/model': 2, 'src/network': 6 },
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
