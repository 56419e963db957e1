// Supervised readers of real logs, too simple for them: one that meets a line it does not know fails, is started
// again, and goes on behind that line. Where that happens too often its supervisor gives up, and is started again
// itself. Run it: coxswain run examples/supervised.ts
import { readFile } from "node:fs/promises";
import { createSystem, defineActor } from "coxswain";
import { defineSupervisor } from "coxswain/actors";
import { asking, type Call, fromCall, tell } from "coxswain/machines";
import {
  actorAddress,
  defineProtocol,
  type EmittedOf,
  lifecycle,
  question,
  supervision,
} from "coxswain/protocols";
import { assign, emit, setup } from "xstate";
import { z } from "zod";

const name = { log: z.string() };
const line = { line: z.number() };

/** Where readers have come to. Kept by an actor of its own, since a restarted one begins with nothing. */
const bookmarks = defineProtocol({
  name: "bookmarks",
  accepts: {
    reached: z.object({ ...name, ...line }),
    where: question(z.object(name), z.object(line)),
  },
});
const keeper = defineActor({
  protocol: bookmarks,
  initial: () => ({}) as Readonly<Record<string, number>>,
  receive: (places, message, turn) => {
    if (message.type === "reached") return { ...places, [message.log]: message.line };
    turn.reply({ line: places[message.log] ?? 0 });
    return places;
  },
});
const keeperAddress = actorAddress("desk.bookmarks");

/** Each knows the lines that its author had seen. */
const parsers: Readonly<Record<string, (text: string) => void>> = {
  "database/postgresql/stmt_type.log": (text) => expect(text, /duration: [\d.]+ ms/),
  "database/mysql/mysql-5.7.22.log": (text) => {
    // Debian's own maintenance user comes without a connection's id.
    if (text.startsWith("# User@Host")) expect(text, / Id: +\d+$/);
  },
  "messaging/nats-server.log": (text) => {
    // What is traced is a command in brackets, or the payload of one.
    if (text.includes("[TRC]")) expect(text, /(->>|<<-) \[[A-Z]+/);
  },
};

function expect(text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`expected ${pattern}, got "…${text.slice(-32)}"`);
}

const reading = defineProtocol({
  name: "reading",
  accepts: {},
  emits: { finished: z.object({ lines: z.number() }) },
});

const reader = setup({
  types: {
    context: {} as { log: string; lines: readonly string[]; line: number },
    emitted: {} as EmittedOf<typeof reading>,
    input: {} as { log: string },
  },
  actors: {
    open: fromCall(async ({ input }: Call<string>) => {
      const file = new URL(`incident-desk/data/logs/${input}`, import.meta.url);
      return (await readFile(file, "utf8")).trimEnd().split("\n");
    }),
    lookUp: asking(bookmarks, "where"),
    parse: fromCall(({ input }: Call<{ log: string; text: string }>) => parsers[input.log]?.(input.text)),
  },
  guards: { hasMore: ({ context }) => context.line < context.lines.length },
}).createMachine({
  context: ({ input }) => ({ ...input, lines: [], line: 0 }),
  initial: "opening",
  states: {
    opening: {
      invoke: {
        src: "open",
        input: ({ context }) => context.log,
        onDone: { target: "lookingUp", actions: assign({ lines: ({ event }) => event.output }) },
      },
    },
    lookingUp: {
      invoke: {
        src: "lookUp",
        input: ({ context: { log } }) => ({ to: keeperAddress, with: { log } }),
        onDone: { target: "choosing", actions: assign({ line: ({ event }) => event.output.line }) },
      },
    },
    choosing: { always: [{ guard: "hasMore", target: "parsing" }, { target: "finished" }] },
    parsing: {
      // Said before the line is tried: whoever comes after a failure begins behind it.
      entry: [
        assign({ line: ({ context }) => context.line + 1 }),
        tell(bookmarks, keeperAddress, ({ context: { log, line } }) => ({ type: "reached", log, line })),
      ],
      invoke: {
        src: "parse",
        input: ({ context: { log, lines, line } }) => ({ log, text: lines[line - 1] ?? "" }),
        onDone: "choosing", // without onError: a failure is the supervisor's
      },
    },
    finished: {
      type: "final",
      entry: emit(({ context }) => ({ type: "finished", lines: context.lines.length })),
    },
  },
});
const logReader = defineActor({ protocol: reading, machine: reader });

const desk = defineSupervisor({
  strategy: "rest_for_one",
  children: [
    { id: "bookmarks", actor: keeper },
    {
      id: "databases",
      actor: defineSupervisor({
        children: [
          // Transient: restarted after a failure, not when it has finished.
          {
            id: "postgres",
            actor: logReader,
            restart: "transient",
            input: { log: "database/postgresql/stmt_type.log" },
          },
          {
            id: "mysql",
            actor: logReader,
            restart: "transient",
            input: { log: "database/mysql/mysql-5.7.22.log" },
          },
        ],
      }),
    },
    {
      id: "messaging",
      actor: defineSupervisor({
        intensity: 1, // one restart within 5 s is borne, the second failure is not
        children: [
          { id: "nats", actor: logReader, restart: "transient", input: { log: "messaging/nats-server.log" } },
        ],
      }),
    },
  ],
});

await using system = await createSystem({ name: "supervised" });

const restarts = new Map<string, number>();
for (const at of ["desk", "desk.databases", "desk.messaging"]) {
  const supervisor = system.ref(at, supervision);
  supervisor.on("restarted", ({ child, reason }) => {
    const actor = `${at}.${child}`;
    console.log(`restarted  ${actor}, after ${reason}`);
    restarts.set(actor, (restarts.get(actor) ?? 0) + 1);
  });
  supervisor.on("gaveUp", ({ child, count }) =>
    console.log(`gaveUp     ${at}, after failure ${count} of ${child}`),
  );
  supervisor.on("escalated", ({ to }) => console.log(`escalated  ${at}, to ${to}`));
}

const readers = ["desk.databases.postgres", "desk.databases.mysql", "desk.messaging.nats"];
const finished = readers.map((at) => {
  system.ref(at, lifecycle).on("started", () => console.log(`started    ${at}`));
  return new Promise<{ lines: number }>((resolve) => system.ref(at, reading).on("finished", resolve));
});
await system.spawn("desk", desk);

const linesRead = (await Promise.all(finished)).map(({ lines }) => lines);
const row = (actor: string, more: object = {}) => [actor, { restarts: restarts.get(actor) ?? 0, ...more }];
console.table(
  Object.fromEntries([
    ...["desk.databases", "desk.messaging"].map((actor) => row(actor)),
    ...readers.map((actor, n) => row(actor, { lines: linesRead[n] })),
  ]),
);
