import type { AnyEventObject } from "xstate";
import type { Delayed } from "./said.ts";

/** An event that is due later. */
export interface ModelTimer extends Delayed {
  /** Its own, or made of its event's type. */
  readonly id: string;
  /** Timers of one turn have the same; a later turn's is greater. */
  readonly turn: number;
}

/** The timers after a turn, in the order in which they were set. One of the same id replaces an earlier one. */
export function timersAfter(
  timers: readonly ModelTimer[],
  delays: readonly (Delayed | { readonly cancel: string })[],
): readonly ModelTimer[] {
  if (delays.length === 0) return timers;
  const turn = 1 + Math.max(-1, ...timers.map((timer) => timer.turn));
  let after = timers;
  for (const said of delays) {
    const replaced = "cancel" in said ? said.cancel : said.id;
    after = after.filter((timer) => timer.id !== replaced);
    if ("cancel" in said) continue;
    after = [...after, { ...said, id: said.id ?? unusedId(said.event.type, after), turn }];
  }
  return ranked(after);
}

function unusedId(type: string, timers: readonly ModelTimer[]): string {
  let id = type;
  for (let n = 2; timers.some((timer) => timer.id === id); n++) id = `${type} (${n})`;
  return id;
}

/** Turns as small numbers, so that the same timers look the same whenever they were set. */
function ranked(timers: readonly ModelTimer[]): ModelTimer[] {
  const turns = [...new Set(timers.map(({ turn }) => turn))].sort((a, b) => a - b);
  return timers.map((timer) => ({ ...timer, turn: turns.indexOf(timer.turn) }));
}

/**
 * Which timers may go off next. Time is not counted: of two, the one that was set no later and is no longer goes first,
 * whatever happened in between; a longer one that was set earlier may go first or last.
 */
export function dueNext(timers: readonly ModelTimer[]): ModelTimer[] {
  return timers.filter(
    (timer, place) =>
      !timers.some((other, n) => {
        if (n === place || other.turn > timer.turn) return false;
        return other.delayMs < timer.delayMs || (other.delayMs === timer.delayMs && n < place);
      }),
  );
}

export function withoutTimer(timers: readonly ModelTimer[], id: string): readonly ModelTimer[] {
  return ranked(timers.filter((timer) => timer.id !== id));
}

/** `xstate.after.1000.a.b` says of itself which state's it is. */
export function isAfter(event: AnyEventObject): boolean {
  return event.type.startsWith("xstate.after.");
}
