/** The engine's door. */
export type * from './engine.ts';
