/** Where builds get files from: contexts, layers, directories. */
import { NotImplemented } from '../../base/errors.ts';
import type { FileSources } from './promise.ts';

/** The sources of one data root. */
export const openFileSources = (): FileSources => ({
  async openContext() {
    throw new NotImplemented('build contexts');
  },
  openLayers() {
    throw new NotImplemented('files of layers');
  },
  packDirectory() {
    throw new NotImplemented('archives of directories');
  },
});
