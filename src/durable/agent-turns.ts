import { durability } from "../../machines/index.ts";
import { CoxswainError } from "../../protocols/index.ts";
import type { AgentMind } from "./agent-mind.ts";
import type { AgentMessage, AgentRecord, AgentSession, AgentState, AgentStep } from "./agent-record.ts";
import { type Opened, openLetter } from "./message-turn.ts";
import type { Work } from "./work-queue.ts";

export type Received = durability.Received<AgentState, AgentMessage>;

/** What a turn needs to know besides its work. */
export interface Moment {
  readonly nowMs: number;
  /** How many attempts at the work have ended their process, where that is too many. */
  poisonous(work: Work): number | undefined;
}

const nothing = { envelope: undefined };

/** Gives a piece of work its turn. Undefined where there is nothing to be done. */
export function receiveWork(
  session: AgentSession,
  work: Work,
  mind: AgentMind,
  moment: Moment,
): Received | undefined {
  mind.work = work;
  switch (work.kind) {
    case "message": {
      const attempts = moment.poisonous(work);
      const decide = (record: AgentRecord): AgentStep => {
        const opened = openLetter(mind.cell, work.letter);
        return attempts === undefined
          ? mind.message(record, opened)
          : mind.quarantine(record, opened, attempts);
      };
      return durability.receive(session, work.arrival, decide, mind.limits);
    }
    case "timer": {
      const { nowMs } = moment;
      const timer = durability.firing(durability.newest(session).timers, work, nowMs);
      if (timer === undefined) return undefined;
      if (moment.poisonous(work) !== undefined)
        return putDown(session, work, mind, poisoned(mind, work.id), nowMs);
      return durability.receiveTimer(
        session,
        { ...work, nowMs },
        (record) => mind.timer(record, timer, nowMs),
        mind.limits,
      );
    }
    case "result":
      return durability.receiveResult(
        session,
        work.key,
        (record) => mind.arrival(record, work.arrival),
        mind.limits,
      );
    case "event":
      return durability.receiveLocal(session, (record) => mind.arrival(record, work.arrival), mind.limits);
    case "postponed":
      return receivePostponed(session, mind, (record, opened) => mind.message(record, opened));
  }
}

/** A turn in which nothing happens but that what it was for is put down: a letter as a dead one, a timer as fired. */
export function putDown(
  session: AgentSession,
  work: Work,
  mind: AgentMind,
  error: CoxswainError,
  nowMs: number,
): Received | undefined {
  mind.work = work;
  const decide = (record: AgentRecord): AgentStep => mind.faulted(record, nothing, error, undefined);
  switch (work.kind) {
    case "message": {
      const opened = openLetter(mind.cell, work.letter);
      const { envelope } = opened;
      return durability.receive(
        session,
        work.arrival,
        (record) => mind.faulted(record, { envelope }, error, opened),
        mind.limits,
      );
    }
    case "timer":
      return durability.receiveTimer(session, { ...work, nowMs }, decide, mind.limits);
    case "result":
      return durability.receiveResult(session, work.key, decide, mind.limits);
    case "postponed":
      return receivePostponed(session, mind, (record, opened) =>
        mind.faulted(record, { envelope: opened.envelope }, error, opened),
      );
    case "event":
      mind.drop();
      mind.cell.effectFailed(error, "an event of its own");
      return undefined;
  }
}

/** The oldest letter that is held back no more has its turn; undefined where all are. */
function receivePostponed(
  session: AgentSession,
  mind: AgentMind,
  decide: (record: AgentRecord, opened: Opened) => AgentStep,
): Received | undefined {
  const letters = durability.newest(session).state.postponed.map((letter) => openLetter(mind.cell, letter));
  const at = letters.findIndex(({ envelope }) => envelope === undefined || !mind.postpones(envelope.type));
  const opened = letters[at];
  if (opened === undefined) return undefined;
  const without = (record: AgentRecord): AgentRecord => {
    const postponed = record.state.postponed.filter((_, index) => index !== at);
    return { ...record, state: { ...record.state, postponed } };
  };
  return durability.receiveLocal(session, (record) => decide(without(record), opened), mind.limits);
}

function poisoned({ cell }: AgentMind, id: string): CoxswainError {
  return new CoxswainError(
    "MESSAGE_POISONOUS",
    `Timer ${id} of ${cell.address} has ended its process too often`,
  );
}
