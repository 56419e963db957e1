import { activeNodes } from "../../xstate/internals.ts";
import { matches } from "../../xstate/selection.ts";
import { type Boundaries, boundariesIn, boundariesOf } from "./boundaries.ts";
import { type Part, partsOf } from "./catalogue.ts";
import type { Explorer } from "./explorer.ts";
import type { Place } from "./graph.ts";
import type { Occurrences } from "./occurrences.ts";
import type { SampleBook } from "./sample-book.ts";

/** Moments in which payloads are tried for one guard, and payloads tried in each. */
const placesMax = 20;
const triesMax = 200;
/** Found payloads lead to new states, where others are wanted. */
const roundsMax = 5;

/** Looks for payloads that take what no payload has taken yet, and goes on from there. */
export function hunt(explorer: Explorer, occurrences: Occurrences, book: SampleBook): void {
  const { machine } = explorer.stepper;
  const known = boundariesOf(machine);
  for (let round = 0; round < roundsMax; round++) {
    const before = explorer.graph.seen.size;
    for (const part of partsOf(machine)) {
      const { transition } = part;
      if (transition === undefined || explorer.graph.seen.has(part.id) || explorer.full) continue;
      const types = occurrences.madeUp.filter((type) => matches(type, transition.eventType));
      for (const type of types) huntFor(part, type, { explorer, occurrences, book, known });
    }
    if (explorer.graph.seen.size === before) return;
    explorer.explore();
  }
}

interface Hunters {
  readonly explorer: Explorer;
  readonly occurrences: Occurrences;
  readonly book: SampleBook;
  readonly known: Boundaries;
}

function huntFor(part: Part, type: string, { explorer, occurrences, book, known }: Hunters): void {
  const { graph } = explorer;
  for (const place of placesOf(part, type, explorer, occurrences)) {
    const { state } = place;
    const own = boundariesIn(state.snapshot.context);
    const boundaries = { numbers: [...own.numbers, ...known.numbers], texts: [...own.texts, ...known.texts] };
    let tries = 0;
    for (const sample of book.many(type, boundaries)) {
      if (graph.seen.has(part.id)) return;
      if (++tries > triesMax) break;
      const occurrence = occurrences.message(type, sample, true);
      if (!occurrences.may(occurrence, state.snapshot)) continue;
      if (explorer.stepper.step(state, occurrence).seen.has(part.id)) explorer.follow(place, occurrence);
    }
  }
}

/** Moments to try it in, spread over all that were found: the late ones have data that the early ones lack. */
function placesOf({ node }: Part, type: string, { graph }: Explorer, occurrences: Occurrences): Place[] {
  const open = [...graph.places].filter(({ state: { snapshot, stopped } }) => {
    if (stopped || snapshot.status !== "active" || !activeNodes(snapshot).includes(node)) return false;
    return occurrences.isOpen(type, snapshot);
  });
  const stride = Math.max(1, open.length / placesMax);
  return open.filter((_, n) => Math.floor(n % stride) === 0).slice(0, placesMax);
}
