/** Takes a link away; the containers at its ends stay. */
import { containerFailure } from '../../../model/failures/container.ts';
import type { Container } from '../container.ts';
import type { WithContainersRoot, WithDirectory, WithLog, WithNetworks } from '../needs.ts';
import { forgetLink } from './follow.ts';
import { linksOf } from './links.ts';
import { closeLink } from './openings.ts';

/** What the removal of a link needs. */
export type RemoveLinkDeps = WithContainersRoot & WithDirectory & WithLog & WithNetworks;

/** `name`: `web/db`. @throws NotFound when there is no such link, Conflict when it is a container's own name */
export async function removeLink(deps: RemoveLinkDeps, name: string): Promise<void> {
  const [said = '', alias = '', ...more] = name.replace(/^\//, '').split('/');
  const linking = deps.directory.named(said);
  if (linking !== undefined && alias !== '' && more.length === 0)
    return await linking.mailbox.run(() => unlink(deps, linking, name, alias));
  if (alias === '' && deps.directory.lookUp(name) !== undefined) throw containerFailure.linkNotRemoved();
  throw containerFailure.linkNotFound({ name });
}

async function unlink(deps: RemoveLinkDeps, linking: Container, name: string, alias: string): Promise<void> {
  const links = linksOf(deps, linking);
  const left = links.filter((each) => each.alias !== alias);
  if (linking.gone || left.length === links.length) throw containerFailure.linkNotFound({ name });
  await linking.save({ links: left.map((each) => ({ alias: each.alias, id: each.to.id })) });
  forgetLink(deps, linking, alias);
  const gone = links.find((each) => each.alias === alias);
  if (gone !== undefined && !left.some(({ to }) => to === gone.to)) await closeLink(deps, linking, gone.to);
}
