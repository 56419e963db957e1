import { type ActorDefinition, defineActor, type ReducerTurn } from "coxswain";
import { defineProtocol, type MessageOf, question } from "coxswain/protocols";
import { assign, fromTransition, setup } from "xstate";
import { z } from "zod";

export const echo = defineProtocol({
  name: "echo",
  accepts: { say: question(z.object({ text: z.string() }), z.object({ text: z.string() })) },
});

export const echoActor = defineActor({
  protocol: echo,
  initial: () => 0,
  receive: (count: number, { text }, turn) => {
    turn.reply({ text });
    return count + 1;
  },
});

/** Fails when it is told to. */
export const frail = defineProtocol({
  name: "frail",
  accepts: { fail: z.object({}), say: question(z.object({}), z.object({})) },
});

export const sink = defineProtocol({
  name: "sink",
  accepts: {
    add: z.object({ i: z.number() }),
    expect: question(z.object({ count: z.number() }), z.object({})),
  },
  emits: { complete: z.object({}) },
});
type ToSink = MessageOf<typeof sink>;

/** As much as one round sends. Nobody waits for a receiver here, and its mailbox would be full by default at 1,000. */
const waitingMax = 250_000;

/** Counts; says so when as many have come as were announced. */
export const sinkActor = defineActor({
  protocol: sink,
  waitingMax,
  initial: () => 0,
  receive: (left: number, message: ToSink, turn: ReducerTurn<typeof sink>) => {
    if (message.type === "expect") {
      turn.reply({});
      return message.count;
    }
    if (left === 1) turn.emit({ type: "complete" });
    return left - 1;
  },
});

export const tally = defineProtocol({ name: "tally", accepts: { add: z.object({ i: z.number() }) } });
type ToTally = MessageOf<typeof tally>;

/** One state, one context field, one assign; `heard` hears of each message. The same runs under raw XState. */
export function tallyMachine(heard: () => void) {
  return setup({ types: { context: {} as { n: number }, events: {} as ToTally } }).createMachine({
    id: "tally",
    context: { n: 0 },
    initial: "on",
    states: {
      on: {
        on: {
          add: {
            actions: assign(({ context }) => {
              heard();
              return { n: context.n + 1 };
            }),
          },
        },
      },
    },
  });
}

export function tallyTransition(heard: () => void) {
  return fromTransition(
    (state: { n: number }, _event: ToTally) => {
      heard();
      return { n: state.n + 1 };
    },
    { n: 0 },
  );
}

export type Kind = "reducer" | "machine" | "transition";

/** An actor of one kind that counts. */
export function tallyActor(kind: Kind, heard: () => void): ActorDefinition<typeof tally> {
  if (kind === "machine")
    return defineActor({ protocol: tally, machine: tallyMachine(heard), waitingMax }) as Tally;
  if (kind === "transition")
    return defineActor({ protocol: tally, machine: tallyTransition(heard), waitingMax }) as Tally;
  const receive = (n: number): number => {
    heard();
    return n + 1;
  };
  return defineActor({ protocol: tally, initial: () => 0, receive, waitingMax }) as Tally;
}
type Tally = ActorDefinition<typeof tally>;
