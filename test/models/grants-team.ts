import { assign, setup } from "xstate";
import { z } from "zod";
import { type GrantSteps, grantsMachineWith } from "../../machines/grants/grants-machine.ts";
import { asking, granting, tell } from "../../machines/index.ts";
import {
  type ActorAddress,
  actorAddress,
  defineProtocol,
  type GrantTerms,
  grants,
  type MessageOf,
} from "../../protocols/index.ts";
import { checkTeam, type MemberView, type TeamResult } from "../../src/testing/team/index.ts";

/** The faults that can be planted in a book. */
export type GrantBug =
  | "takes from the child alone"
  | "takes nothing"
  | "gives all back"
  | "settles as often as it is told"
  | "spends what is over"
  | "believes what a child asks for";

const holder = actorAddress("desk");
const book = "book" as ActorAddress;
/** What the root has, each of its two children may spend, and a call takes. */
const tokens = { root: 3, child: 2, call: 2, came: 1 };

export const rootTerms: GrantTerms = {
  holder,
  audience: [actorAddress("crew")],
  operations: ["work.work"],
  tools: ["search"],
  budget: { tokens: tokens.root },
  depth: 2,
  untilMs: 2_000,
};
const childTerms: GrantTerms = { ...rootTerms, budget: { tokens: tokens.child }, depth: 1 };
const wide: Partial<GrantTerms> = { tools: ["search", "shell"], untilMs: 3_000, depth: 8 };

const deputyProtocol = defineProtocol({ name: "deputy", accepts: { use: z.object({}) } });

/** Takes from its grant, makes a call, and settles: once for each time it is told to. */
const deputyMachine = setup({
  types: {
    context: {} as { readonly grant: string; readonly calls: number; readonly made: number },
    events: {} as MessageOf<typeof deputyProtocol>,
    input: {} as { readonly grant: string },
  },
  actors: { spend: asking(grants, "spend") },
  actions: {
    settle: tell(grants, book, ({ context: { grant, calls } }) => {
      return { type: "settle", reservation: `${grant}.${calls}`, came: { tokens: tokens.came } } as const;
    }),
    count: assign({ calls: ({ context }) => context.calls + 1 }),
    noteMade: assign({ made: ({ context }) => context.made + 1 }),
  },
}).createMachine({
  id: "deputy",
  context: ({ input }) => ({ grant: input.grant, calls: 0, made: 0 }),
  initial: "resting",
  states: {
    resting: { on: { use: "taking" } },
    taking: {
      meta: { postpone: ["use"] },
      invoke: {
        src: "spend",
        input: ({ context: { grant, calls } }) => ({
          to: book,
          with: { id: grant, reservation: `${grant}.${calls}`, at: { tokens: tokens.call } },
        }),
        onDone: "calling",
        // Refused, or nobody knows: it makes no call.
        onError: { target: "resting", actions: "count" },
      },
    },
    calling: {
      meta: { postpone: ["use"] },
      after: { 10: { target: "resting", actions: ["settle", "count", "noteMade"] } },
    },
  },
});

/** The steps of a book, with a fault in one. */
const faulty: { readonly [B in GrantBug]: Partial<GrantSteps> } = {
  "takes from the child alone": {
    spent: (book, request, nowMs, limits) => {
      const own = granting.grantOf(book, request.id);
      if (own === undefined) return granting.refusal("no grant");
      const alone = { ...book, grants: { [own.id]: { ...own, parent: undefined } } };
      const step = granting.spent(alone, request, nowMs, limits);
      const made = step.ok ? step.book.grants[own.id] : undefined;
      if (!step.ok || made === undefined) return step;
      const changed = granting.changed({ ...book, reservations: step.book.reservations }, [
        { ...made, parent: own.parent },
      ]);
      return { ...step, book: changed };
    },
  },
  "takes nothing": {
    spent: (book, request, nowMs, limits) => {
      const step = granting.spent(book, request, nowMs, limits);
      return step.ok ? { ...step, book } : step;
    },
  },
  "gives all back": { settled: (book, name) => granting.settled(book, name, {}) },
  "settles as often as it is told": {
    settled: (book, name, came) => {
      const { reservations } = book;
      return { ...granting.settled(book, name, came), reservations };
    },
  },
  "spends what is over": {
    spent: (book, request, _nowMs, limits) => {
      const grants = Object.values(book.grants).map((grant) => ({ ...grant, revoked: undefined }));
      const step = granting.spent(granting.changed(book, grants), request, 0, limits);
      if (!step.ok) return step;
      const over = Object.values(step.book.grants).map((grant) => {
        return { ...grant, revoked: granting.grantOf(book, grant.id)?.revoked };
      });
      return { ...step, book: granting.changed(step.book, over) };
    },
  },
  "believes what a child asks for": {
    issued: (book, request, root, nowMs, limits) => {
      const { id, parent, terms } = request;
      if (parent === undefined) return granting.issued(book, request, root, nowMs, limits);
      if (granting.grantOf(book, id) !== undefined) return granting.refusal("given");
      if (granting.whyFallen(book, parent, nowMs) !== undefined) return granting.refusal("over");
      const grant = { id, parent, terms, zone: undefined, spent: granting.nothingSpent, revoked: undefined };
      return { ok: true, book: granting.changed(book, [grant]), grant };
    },
  },
};

const ownSteps: GrantSteps = {
  issued: granting.issued,
  spent: granting.spent,
  settled: granting.settled,
  revoked: granting.revoked,
};

const begun = ["root", "one", "two"].reduce((book, id) => {
  const child = { id, parent: "root", by: holder, terms: childTerms };
  const request = id === "root" ? { id, by: holder, terms: rootTerms } : child;
  const step = granting.issued(book, request, "t1", 1_000);
  return step.ok ? step.book : book;
}, granting.emptyGrantBook);

function bookMember(bug: GrantBug | undefined, book?: granting.GrantBook) {
  return {
    machine: grantsMachineWith({ ...ownSteps, ...(bug === undefined ? {} : faulty[bug]) }),
    protocol: grants,
    input: { root: "t1", ...(book === undefined ? {} : { book }) } as never,
    calls: { now: { done: [1_000] }, seal: { done: [["c1.a"]], error: [new Error("no key")] } },
    durable: "each-turn",
  } as const;
}

const deputy = (grant: string) =>
  ({ machine: deputyMachine, protocol: deputyProtocol, input: { grant } }) as const;

/** Two deputies that call under a child each; what they settle may come twice, the book may crash, and the root is revoked at any time. */
export function checkSpending(bug?: GrantBug): TeamResult {
  return checkTeam({
    members: { book: bookMember(bug, begun), one: deputy("one"), two: deputy("two") },
    // A call that was under way at a crash is not begun again here, as the runtime does.
    mayRest: () => true,
    channels: { duplicatesMax: 1, delaysMax: 0, inFlightMax: 2, faulty: ({ type }) => type === "settle" },
    faults: { book: { crashesMax: 1 } },
    events: [
      { to: "one", message: { type: "use" }, timesMax: 2 },
      { to: "two", message: { type: "use" } },
      { to: "book", message: { type: "revoke", id: "root", reason: "over" } },
    ],
    history: {
      init: { revoked: false, takenAfter: false },
      next: (before, fact) => {
        if (!("by" in fact) || fact.by !== "book" || before.takenAfter) return before;
        if (fact.kind === "took" && fact.type === "revoke") return { ...before, revoked: true };
        const taken = fact.kind === "replied" && fact.type === "spend";
        return taken && before.revoked ? { ...before, takenAfter: true } : before;
      },
    },
    safe: {
      "no child comes to more than it has": ({ members: { one, two } }) =>
        [one, two].every((each) => costOf(each) <= tokens.child),
      "all children together come to no more than their parent has": ({ members: { one, two } }) =>
        costOf(one) + costOf(two) <= tokens.root,
      "nothing is taken under what was revoked": ({ history }) => !history.takenAfter,
    },
  });
}

const asked = (id: string, parent: string, terms: GrantTerms) =>
  ({ to: "book", message: { type: "issue", id, parent, by: holder, terms } }) as const;

/** Whoever likes asks for grants under grants, as wide as may be and wider, and one of them is revoked at any time. */
export function checkNarrowing(bug?: GrantBug): TeamResult {
  const { root } = begun.grants;
  return checkTeam({
    members: { book: bookMember(bug, root && { ...begun, grants: { root } }) },
    mayRest: () => true,
    channels: { delaysMax: 0 },
    faults: { book: { crashesMax: 1 } },
    events: [
      asked("one", "root", childTerms),
      asked("one", "root", { ...childTerms, ...wide }),
      asked("below", "one", { ...childTerms, depth: 0 }),
      asked("below", "one", { ...childTerms, budget: { tokens: tokens.root }, depth: 0 }),
      { to: "book", message: { type: "revoke", id: "one", reason: "over" } },
    ],
    history: {
      init: { asked: false, revoked: false },
      next: (before, fact) => {
        if (fact.kind !== "took" || fact.by !== "book") return before;
        const { id } = fact.body as { readonly id?: string };
        // One that is asked for anew, after it was revoked before it was given, is another.
        if (fact.type === "issue" && id === "one") return { asked: true, revoked: false };
        return fact.type === "revoke" ? { ...before, revoked: before.asked } : before;
      },
    },
    safe: {
      "authority never grows along a chain": ({ members }) => {
        const { grants: all } = members.book.context.book;
        return Object.values(all).every(({ parent, terms }) => {
          const above = parent === undefined ? undefined : all[parent]?.terms;
          return above === undefined || isWithin(terms, above);
        });
      },
      "what was asked for and then revoked does not stand": ({ members, history }) =>
        !history.revoked ||
        Object.keys(members.book.context.book.grants).every(
          (id) => id === "root" || granting.whyFallen(members.book.context.book, id, 1_000) !== undefined,
        ),
    },
  });
}

function isWithin(own: GrantTerms, above: GrantTerms): boolean {
  return (
    own.tools.every((tool) => above.tools.includes(tool)) &&
    own.untilMs <= above.untilMs &&
    own.depth < above.depth &&
    (own.budget.tokens ?? Number.POSITIVE_INFINITY) <= (above.budget.tokens ?? 0)
  );
}

/** What a deputy has spent and is spending, by its own count. */
function costOf({ context, matches }: MemberView<typeof deputyMachine>): number {
  return context.made * tokens.came + (matches("calling") ? tokens.call : 0);
}
