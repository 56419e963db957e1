import { describe, expect, test } from "vitest";
import { type EventFromLogic, initialTransition, type SnapshotFrom, transition } from "xstate";
import { delegationMachine } from "../../../machines/index.ts";
import {
  type ActorAddress,
  CoxswainError,
  type DelegationResult,
  delegation,
  type Protocol,
  payloadSchema,
  replySchema,
  validate,
} from "../../../protocols/index.ts";
import {
  accepted,
  asker,
  atMs,
  bookSays,
  crew,
  desk,
  forApproval,
  gathered,
  input,
  noRule,
  overloaded,
  request,
} from "./delegations.ts";

type Event = EventFromLogic<typeof delegationMachine>;
interface Said {
  readonly to: string;
  readonly event: { readonly type: string } & Record<string, unknown>;
}
interface At {
  readonly state: SnapshotFrom<typeof delegationMachine>;
  /** All that was told and answered on the way. */
  readonly said: readonly Said[];
  readonly calls: readonly { readonly src: string; readonly input: unknown }[];
}

const delegate = { type: "delegate", ...request, sender: desk, replyTo: asker("desk") } as Event;
const done = (call: string, output: unknown) =>
  ({ type: `xstate.done.actor.${call}`, actorId: call, output }) as never as Event;
const failed = (call: string, error: unknown) =>
  ({ type: `xstate.error.actor.${call}`, actorId: call, error }) as never as Event;
const gate = (approved: boolean, more: object = {}) =>
  ({
    type: "approvalDecided",
    id: "d1",
    hash: "h1",
    approved,
    by: "ada",
    reason: "",
    sender: "approval.d1" as ActorAddress,
    ...more,
  }) as Event;
const askResult = { type: "result", replyTo: asker("waiter") } as Event;
const revoke = { type: "revoke", reason: "enough", sender: desk } as Event;
const deadline = { type: "deadline" } as Event;

/** Through these events, from the start. */
function went(...events: readonly Event[]): At {
  const [start] = initialTransition(delegationMachine, input);
  return events.reduce<At>(
    ({ state, said, calls }, event) => {
      const [next, actions] = transition(delegationMachine, state, event);
      const all = actions as readonly { type: string; params?: unknown }[];
      return {
        state: next,
        said: [...said, ...all.flatMap(saidBy)],
        calls: [...calls, ...all.flatMap(callOf)],
      };
    },
    { state: start, said: [], calls: [] },
  );
}

function saidBy({ type, params }: { type: string; params?: unknown }): Said[] {
  if (type !== "xstate.sendTo") return [];
  const { to, event } = params as {
    to: { $to?: string; $replyTo?: string; protocol?: Protocol };
    event: Said["event"];
  };
  if (to.protocol !== undefined) {
    const schema = payloadSchema(to.protocol, event.type);
    const { type: _, ...payload } = event;
    expect(schema === undefined ? "unknown" : validate(schema, payload)).toMatchObject({ ok: true });
  }
  return [{ to: to.$to ?? to.$replyTo ?? "", event }];
}

function callOf({ type, params }: { type: string; params?: unknown }): At["calls"] {
  return type === "xstate.spawnChild" ? [params as At["calls"][number]] : [];
}

const to = (at: At, address: string) =>
  at.said.filter((each) => each.to === address).map(({ event }) => event);
const resultOf = (at: At): DelegationResult => to(at, "waiter")[0]?.value as DelegationResult;

const reserved = [delegate, done("gather", gathered(accepted)), done("reserve", bookSays.yes)];
const working = [...reserved, done("issue", { token: "t" })];
const awaiting = [delegate, done("gather", gathered(forApproval)), done("reserve", bookSays.yes)];
/** Each time there seemed to be room, and the book had none. */
const missed = (answer: unknown): Event[] => [
  delegate,
  ...[1, 2, 3].flatMap(() => [done("gather", gathered(accepted)), done("reserve", answer)]),
];
/** Each ending, and how it comes to it. */
const endings: readonly (readonly [string, readonly Event[]])[] = [
  ["done", [...working, done("work", { result: 3 })]],
  ["failed", [...working, failed("work", new CoxswainError("REFUSED", "no"))]],
  ["expired", [...working, failed("work", new CoxswainError("ASK_TIMEOUT", "late"))]],
  ["expired", [...working, deadline]],
  ["revoked", [...working, revoke]],
  ["failed", [...reserved, failed("issue", new CoxswainError("REFUSED", "wider"))]],
  ["expired", [...reserved, deadline, done("issue", { token: "t" })]],
  ["refused", [...awaiting, gate(false)]],
  ["revoked", [...awaiting, revoke]],
  ["expired", [...awaiting, deadline]],
  [
    "failed",
    [delegate, done("gather", gathered(accepted)), failed("reserve", new CoxswainError("ASK_TIMEOUT", "?"))],
  ],
  ["expired", [delegate, done("gather", gathered(accepted)), deadline, done("reserve", bookSays.yes)]],
];
/** Those that never had a place. */
const placeless: readonly (readonly [string, readonly Event[]])[] = [
  ["refused", [delegate, done("gather", gathered(noRule))]],
  ["refused", missed(bookSays.full)],
  ["refused", missed(bookSays.tooMuch)],
  ["revoked", [delegate, revoke]],
  ["failed", [delegate, failed("gather", new CoxswainError("ASK_TIMEOUT", "no rules"))]],
  ["expired", [delegate, done("gather", { ...gathered(accepted), grantUntilMs: atMs })]],
];

describe("a delegation", () => {
  test("takes a place, has a grant for this one task, asks the target under it, and tells the result", () => {
    const at = went(delegate, askResult, ...working.slice(1), done("work", { result: { rows: 3 } }));
    expect(to(at, "desk")).toEqual([{ type: "answer", value: accepted }]);
    expect(at.calls.map(({ src, input }) => [src, (input as { to?: string }).to])).toEqual([
      ["gather", crew],
      ["reserve", "workload.crew.bow"],
      ["issue", "grants.d1"],
      ["work", "crew.bow"],
    ]);
    expect(at.calls[1]?.input).toMatchObject({ with: { task: "d1", resources: { memory: 2 }, capacity: 2 } });
    expect(at.calls[2]?.input).toMatchObject({
      with: { id: "d1", by: desk, terms: { holder: "delegation.d1", audience: [crew], depth: 0 } },
    });
    expect(at.calls[3]?.input).toMatchObject({
      with: { task: request.task },
      withinMs: 10_000,
      grant: "t",
      priority: 3,
    });
    expect(resultOf(at)).toEqual({ status: "done", result: { rows: 3 } });
  });

  test("is granted under the grant it is delegated by, in that one's tree", () => {
    const under = { ...delegate, grant: "root.d0", further: { depth: 2, to: ["crew.stern"] } } as Event;
    const at = went(under, ...reserved.slice(1));
    expect(at.calls.at(-1)?.input).toMatchObject({
      to: "grants.root",
      with: { id: "d1", parent: "d0", by: desk, terms: { audience: [crew, "crew.stern"], depth: 2 } },
    });
  });

  test.each([...endings])(
    "that is %s gives its place back and ends its grant, once (%#)",
    (status, events) => {
      const at = went(delegate, askResult, ...events.slice(1), revoke, gate(true), deadline);
      expect(at.state.matches({ over: status } as never)).toBe(true);
      expect(to(at, "workload.crew.bow")).toEqual([{ type: "finished", task: "d1", outcome: status }]);
      const granted = at.calls.some(({ src }) => src === "issue");
      expect(to(at, "grants.d1")).toHaveLength(granted ? 1 : 0);
      expect(to(at, "waiter")).toEqual([{ type: "answer", value: expect.objectContaining({ status }) }]);
      expect(to(at, "desk")).toHaveLength(1);
      expect(Object.values(at.state.children).filter((child) => child !== undefined)).toEqual([]);
    },
  );

  test.each([...placeless])("that is %s without a place gives none back (%#)", (status, events) => {
    const at = went(delegate, askResult, ...events.slice(1), revoke);
    expect(at.state.matches({ over: status } as never)).toBe(true);
    expect(to(at, "workload.crew.bow")).toEqual([]);
    expect(to(at, "desk")).toHaveLength(1);
    expect(resultOf(at).status).toBe(status);
  });

  test("F69 F72 drops a result that comes after it was revoked, and a revocation after its result", () => {
    const late = went(...working, revoke, done("work", { result: 1 }), askResult);
    expect(resultOf(late)).toEqual({ status: "revoked", reason: "enough" });
    const done1 = went(...working, done("work", { result: 1 }), revoke, askResult);
    expect(resultOf(done1)).toEqual({ status: "done", result: 1 });
  });

  test("holds a revocation back while a book is asked, whose answer has to be known first", () => {
    for (const events of [reserved.slice(0, 2), reserved]) {
      const { state } = went(...events);
      expect(Object.values(state.getMeta())).toEqual([{ postpone: ["revoke"] }]);
    }
  });

  test("row 15: refused for want of a place names others and climbs no ladder, also where the place went meanwhile", () => {
    for (const events of [[delegate, done("gather", gathered(overloaded))], missed(bookSays.full)]) {
      const at = went(...events);
      expect(to(at, "desk")[0]?.value).toMatchObject({
        ok: false,
        check: "capacity",
        requiresEscalation: false,
      });
      expect(to(at, "escalation.d1")).toEqual([]);
    }
    const late = went(...missed(bookSays.full));
    const [{ value } = { value: undefined }] = to(late, "desk");
    expect(value).toMatchObject({
      alternatives: [{ address: "crew.stern" }],
      reason: expect.stringContaining("2 of 2"),
    });
  });

  test("row 15: decides again where somebody was quicker, and takes the place that is free by then", () => {
    const [first, again] = [missed(bookSays.full).slice(0, 3), gathered(accepted, atMs + 5)];
    const at = went(...first, done("gather", again), done("reserve", bookSays.yes), deadline);
    expect(at.state.value).toEqual({ assigned: "granting" });
    expect(to(at, "desk")).toEqual([{ type: "answer", value: accepted }]);
    expect(went(...first, done("gather", gathered(overloaded))).state.matches({ over: "refused" })).toBe(
      true,
    );
    const late = [first[0], first[1], deadline, first[2]] as Event[];
    expect(went(...late).calls.map(({ src }) => src)).toEqual(["gather", "reserve"]);
  });

  test("row 16: refused by the book for its limits names each and climbs the rule's ladder", () => {
    const at = went(...missed(bookSays.tooMuch));
    expect(to(at, "desk")[0]?.value).toMatchObject({
      check: "limits",
      violations: [{ resource: "memory", requested: 2, remaining: 1, unit: "GB" }],
      escalationPath: ["data_engineering_lead"],
    });
    expect(to(at, "escalation.d1")).toMatchObject([
      { type: "raise", subject: "d1", path: ["data_engineering_lead"], reportTo: "delegation.d1" },
    ]);
  });

  test("row 19: begins no work before its gate has approved exactly this request, and believes nobody else", () => {
    const opened = went(...awaiting);
    expect(to(opened, "approval.d1")).toMatchObject([
      { type: "open", hash: "h1", withinMs: 30_000, otherwise: "refuse", reportTo: "delegation.d1" },
    ]);
    expect(to(opened, "desk")[0]?.value).toMatchObject({ approval: { required: true, id: "d1" } });
    const fooled = went(
      ...awaiting,
      gate(true, { hash: "h2" }),
      gate(true, { sender: "eve" }),
      gate(true, { sender: undefined }),
    );
    expect(fooled.state.value).toBe("awaitingApproval");
    expect(fooled.calls.map(({ src }) => src)).toEqual(["gather", "reserve"]);
    expect(went(...awaiting, gate(true)).calls.map(({ src }) => src)).toEqual(["gather", "reserve", "issue"]);
  });

  test("refused by its gate climbs the rule's ladder, and says who refused it", () => {
    const at = went(...awaiting, askResult, gate(false, { reason: "too dear" }));
    expect(resultOf(at)).toMatchObject({
      status: "refused",
      decision: { check: "approval", reason: "ada refused it: too dear" },
    });
    expect(to(at, "escalation.d1")).toHaveLength(1);
  });

  test("refused by its gate's default says that nobody decided", () => {
    const at = went(
      ...awaiting,
      askResult,
      gate(false, { by: "deadline", reason: "nobody decided within 9 ms" }),
    );
    expect(resultOf(at)).toMatchObject({ decision: { reason: "At its gate nobody decided within 9 ms" } });
  });

  test("says how its ladder ended, as that ladder told it", () => {
    const settled = {
      type: "escalationSettled",
      id: "d1",
      subject: "d1",
      state: "resolved",
      by: "ada",
      reason: "",
    };
    const status = { type: "status", replyTo: asker("watcher") } as Event;
    const told = went(
      delegate,
      done("gather", gathered(noRule)),
      { ...settled, by: "eve", sender: "eve" } as never,
      { ...settled, sender: "escalation.d1" } as never,
      status,
    );
    expect(to(told, "watcher")[0]?.value).toEqual({
      stage: "refused",
      reason: "No rule lets it; resolved by ada",
    });
  });

  test("delegates for nobody who is named by another, and is revoked by nobody else", () => {
    const forged = went({ ...delegate, sender: "eve" as ActorAddress } as Event);
    expect(forged.state.value).toBe("requested");
    expect(to(forged, "desk")).toMatchObject([{ type: "refusal", reason: expect.stringContaining("eve") }]);
    const foreign = { type: "revoke", reason: "", sender: "eve" } as Event;
    expect(went(...working, foreign).state.value).toEqual({ assigned: "working" });
    const script = went({ ...delegate, sender: undefined } as never);
    expect(script.state.value).toEqual({ deciding: "gathering" });
  });

  test("told twice is decided once: the second gets the same decision", () => {
    const again = { ...delegate, to: "crew.stern", replyTo: asker("again") } as never;
    const early = went(delegate, again, ...working.slice(1));
    const late = went(...working, again);
    for (const at of [early, late]) {
      expect(to(at, "again")).toEqual([{ type: "answer", value: accepted }]);
      expect(at.calls.filter(({ src }) => src === "gather")).toHaveLength(1);
      expect(at.state.context.request?.to).toBe(crew);
    }
    const never = went(delegate, revoke, again);
    expect(to(never, "again")).toMatchObject([{ type: "refusal", reason: "It is revoked: enough" }]);
  });

  test("is bound by the nearest of its ends", () => {
    const withinOf = (more: object, found = gathered(accepted)): unknown => {
      const at = went({ ...delegate, ...more } as Event, done("gather", found), ...working.slice(2));
      return (at.calls.at(-1)?.input as { withinMs?: number } | undefined)?.withinMs;
    };
    expect(withinOf({})).toBe(10_000);
    expect(withinOf({ resources: { time: 4_000 } })).toBe(4_000);
    expect(withinOf({ budget: { timeMs: 3_000 } })).toBe(3_000);
    expect(withinOf({ deadlineMs: atMs + 2_000 })).toBe(2_000);
    expect(withinOf({}, { ...gathered(accepted), grantUntilMs: atMs + 1_000 })).toBe(1_000);
  });

  test("answers only what its protocol says", () => {
    for (const [, events] of [...endings, ...placeless]) {
      const status = { type: "status", replyTo: asker("watcher") } as Event;
      const at = went(delegate, askResult, ...events.slice(1), status);
      for (const [who, type] of [
        ["desk", "delegate"],
        ["waiter", "result"],
        ["watcher", "status"],
      ] as const)
        for (const { type: kind, value } of to(at, who))
          if (kind === "answer")
            expect(validate(replySchema(delegation, type) as never, value)).toMatchObject({ ok: true });
    }
  });
});
