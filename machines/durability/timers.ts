/** What a turn asks to be woken for. */
export interface Alarm<Message> {
  readonly id: string;
  /** Wall clock, so that it outlives the process. */
  readonly dueAtMs: number;
  readonly message: Message;
}

/** An alarm in the record. `generation` is the turn that set it: an alarm set again is another one. */
export interface Timer<Message> extends Alarm<Message> {
  readonly generation: number;
}

/** R12: an `after` is an entry of the record. One of the same id replaces the earlier. */
export function set<Message>(
  timers: readonly Timer<Message>[],
  alarm: Alarm<Message>,
  turn: number,
): readonly Timer<Message>[] {
  return [...unset(timers, alarm.id), { ...alarm, generation: turn }];
}

/** D6: cancelling is a transition: once it is committed, a firing finds nothing. */
export function unset<Message>(timers: readonly Timer<Message>[], id: string): readonly Timer<Message>[] {
  return timers.some((timer) => timer.id === id) ? timers.filter((timer) => timer.id !== id) : timers;
}

/** Those whose time has come, in the order of their times. */
export function due<Message>(timers: readonly Timer<Message>[], nowMs: number): readonly Timer<Message>[] {
  return timers.filter(({ dueAtMs }) => dueAtMs <= nowMs).sort((a, b) => a.dueAtMs - b.dueAtMs);
}

/** When to look again; undefined where nothing is set. */
export function nextDueMs(timers: readonly Timer<unknown>[]): number | undefined {
  return timers.length === 0
    ? undefined
    : timers.reduce((at, { dueAtMs }) => Math.min(at, dueAtMs), Infinity);
}

/**
 * D6: the timer a firing is for, or undefined where it is cancelled, set anew, fired before, or early (the wall
 * clock went back): then nothing is applied.
 */
export function firing<Message>(
  timers: readonly Timer<Message>[],
  { id, generation }: { readonly id: string; readonly generation: number },
  nowMs: number,
): Timer<Message> | undefined {
  return timers.find((it) => it.id === id && it.generation === generation && it.dueAtMs <= nowMs);
}
