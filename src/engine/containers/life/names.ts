/** Names for containers that were given none: a quality and a thing of the yard where cranes stand. */

const QUALITIES = (
  'able agile amber arctic autumn balmy blithe bold brave breezy bright brisk calm candid civil clear clever coastal copper coral cosmic crisp ' +
  'daring dapper deft eager early earnest easy elated fair famous fearless fine fleet fond frank fresh frosty gallant gentle glad golden grand ' +
  'hardy hearty honest humble ideal ivory jolly jovial keen kind lively loyal lucid lucky lunar mellow merry mighty mild modest neat nimble noble ' +
  'northern olive patient placid plucky polite prime proud quick quiet rapid ready regal robust rosy rustic sandy serene sharp silent silver sleek ' +
  'smart snug solar solid spry stable steady stellar sturdy sunny swift tidy tranquil trusty upbeat valiant vivid warm wise witty zesty'
).split(' ');
const THINGS = (
  'anchor arch axle ballast barge beacon beam bollard boom bracket bridge buoy cable capstan cargo chain cleat coil compass coupling crane crate ' +
  'davit deck derrick dock drum ferry flange float forge freight gangway gauge gear girder hangar harbor hatch hawser helm hoist hook hull jetty ' +
  'jib keel ladder lantern lever lighthouse lock mast mooring pallet pier piston pivot port prow pulley quay rail ramp rigging rivet rope rudder ' +
  'sail scaffold shackle signal silo sling spar spindle sprocket stern strut tackle tender tide timber tower trestle trolley truss tug turret ' +
  'valve vessel wharf wheel winch yard yoke'
).split(' ');

/** A name nobody has; after a few tries with a number at its end. `random` gives [0, 1). */
export function chooseName(isTaken: (name: string) => boolean, random: () => number): string {
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? '';
  for (let attempt = 0; ; attempt++) {
    const name = `${pick(QUALITIES)}_${pick(THINGS)}${attempt < 5 ? '' : Math.floor(random() * 10 ** Math.min(attempt - 3, 9))}`;
    if (!isTaken(name)) return name;
  }
}
