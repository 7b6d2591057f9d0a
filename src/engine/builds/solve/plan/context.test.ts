/** What is a repository among contexts and words of ADD, and what it is called. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextNode, namesRepository } from './context.ts';
import { repositoryOf } from './nodes.ts';

const wanted = { followPaths: ['a'], excludePatterns: ['b'] };

test('a repository is known by its address alone, and told without what it is reached by', () => {
  const address = 'https://me:secret@host/app.git#v1:sub';
  const node = contextNode({ is: 'remote', address }, wanted);
  assert.equal(node.name, '[internal] load git source https://host/app.git#v1:sub');
  assert.deepEqual([node.followPaths, node.excludePatterns], [[], []]);
});

test('what else is read keeps what is wanted of it', () => {
  const client = contextNode({ is: 'client', name: 'context' }, wanted);
  assert.deepEqual([client.name, client.followPaths], ['[internal] load build context', ['a']]);
  const web = { is: 'remote', address: 'https://host/app.tar#.git' } as const;
  assert.equal(contextNode(web, wanted).name, '[internal] load remote build context');
  assert.equal(repositoryOf(web), undefined);
});

test('words of ADD that name a repository', () => {
  for (const word of ['git@host:app', 'git://host/app', 'ssh://git@host/app', 'https://host/app.git#v1'])
    assert.ok(namesRepository(word), word);
  for (const word of ['app.git', 'github.com/a/b', 'https://host/app', 'https://host/a.git/x', 'git'])
    assert.ok(!namesRepository(word), word);
});
