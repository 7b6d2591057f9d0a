/** Scenes that bring images. */
import type { Stage } from './scenes.ts';

/** The same scene; every image that it brought goes at its end. */
export const tidy =
  (play: (stage: Stage) => Promise<void>) =>
  async (stage: Stage): Promise<void> => {
    const api = stage.engine.api();
    const ids = async () =>
      (await api.get('/images/json?all=1')).json<{ Id: string }[]>().map(({ Id }) => Id);
    const before = await ids();
    try {
      await play(stage);
    } finally {
      for (const id of await ids()) if (!before.includes(id)) await api.delete(`/images/${id}?force=1`);
    }
  };
