/** What needs a swarm or a plugin, beside an engine that could have them and has none. */
import { playScenes, type Scene } from './scenes.ts';

const scenes: readonly Scene[] = [
  {
    title: 'what needs a swarm says that there is none, and how one says so',
    play: (stage) =>
      stage.all(
        'node ls',
        'node ps',
        'node inspect x',
        'service ls',
        'service ps x',
        'service logs x',
        'service create busybox true',
        'secret ls',
        'secret inspect x',
        'config ls',
        'stack ls',
        'stack ps x',
        'swarm join-token worker',
        'swarm unlock-key',
        'swarm leave',
      ),
  },
  {
    title: 'without plugins the list is empty, and none is found',
    play: (stage) =>
      stage.all(
        'plugin ls',
        'plugin ls --filter enabled=true',
        'plugin ls --filter nope=1',
        'plugin inspect x',
        'plugin rm x',
        'plugin enable x',
        'plugin disable x',
        'plugin set x a=b',
      ),
  },
  {
    title: 'what would begin a swarm or bring a plugin is refused clearly',
    alone: 'dockerd does it',
    play: (stage) =>
      stage.all('swarm init', 'swarm join 127.0.0.1:2377 --token x', 'plugin install vieux/sshfs'),
  },
];

playScenes(scenes);
