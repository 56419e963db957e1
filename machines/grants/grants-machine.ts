import { assign, type DoneActorEvent, type ErrorActorEvent, enqueueActions, setup } from "xstate";
import {
  type EmittedOf,
  type grants,
  type MessageOf,
  type ReplyTo,
  toWireError,
} from "../../protocols/index.ts";
import { type Call, fromCall } from "../calls.ts";
import { refuse, reply } from "../verbs.ts";
import {
  emptyGrantBook,
  type GrantBook,
  type GrantLimits,
  grantLimitsDefault,
  grantOf,
  reservationOf,
  statusOf,
} from "./book.ts";
import { claimsFor, type Unzoned } from "./claims.ts";
import { issued } from "./issue.ts";
import { revoked } from "./revoke.ts";
import { settled, spent } from "./spend.ts";

type Asked<K extends "issue" | "check" | "spend"> = Extract<MessageOf<typeof grants>, { type: K }>;
type Request = Asked<"issue"> | Asked<"check"> | Asked<"spend">;

/** A grant that is in the book, and whose token is being signed. */
interface Unsealed {
  readonly claims: Unzoned;
  readonly to: ReplyTo | undefined;
}

export interface GrantsInput {
  /** The book's key: what its tokens name it by. */
  readonly root: string;
  readonly limits?: Partial<GrantLimits>;
  /** What it begins with; default an empty book. */
  readonly book?: GrantBook;
}

export interface GrantsContext {
  readonly root: string;
  readonly limits: GrantLimits;
  readonly book: GrantBook;
  /** Taken, and to be answered when the time is known. */
  readonly waiting: readonly Request[];
  readonly unsealed: readonly Unsealed[];
}

const asker = (replyTo: unknown): ReplyTo | undefined => replyTo as ReplyTo | undefined;

/** Those that are meant, and the others. */
function parted(
  waiting: readonly Request[],
  isMeant: (request: Request) => boolean,
): readonly [meant: readonly Request[], others: readonly Request[]] {
  return [waiting.filter(isMeant), waiting.filter((each) => !isMeant(each))];
}

/** What the machine does to its book. Models put faults into it. */
const grantSteps = { issued, spent, settled, revoked };
export type GrantSteps = typeof grantSteps;

/**
 * Decides what is given, spent and taken back under one root. All of it is one line of turns, so that what is checked is
 * still so when it is written down.
 *
 * - `resting`: nothing is asked.
 * - `looking`: what was asked waits for the time.
 * - `looked`: what was asked is decided; nothing waits here.
 * - `sealing`: grants that were given are being signed; their askers wait for the tokens.
 *
 * What is settled or revoked needs no time and holds at once, whatever is under way.
 *
 * Source: control C12 and promise S4 (capability lists that only shrink; reservations, not checks).
 */
export const grantsMachine = grantsMachineWith(grantSteps);

export function grantsMachineWith({ issued, spent, settled, revoked }: GrantSteps) {
  return setup({
    types: {
      context: {} as GrantsContext,
      events: {} as MessageOf<typeof grants> | DoneActorEvent<number | readonly string[]> | ErrorActorEvent,
      emitted: {} as EmittedOf<typeof grants>,
      input: {} as GrantsInput,
    },
    actors: {
      now: fromCall((call: Call<undefined>) => call.nowMs()),
      /** Signs claims, each as a token, in their order; provided by whoever has the key. */
      seal: fromCall((_: Call<{ claims: readonly Unzoned[] }>): Promise<readonly string[]> => {
        throw new Error("Signing needs a key; provide `seal`");
      }),
    },
    guards: {
      isFull: ({ context }) => context.waiting.length >= context.limits.waitingMax,
      isGiven: ({ context }) => context.unsealed.length > 0,
      isAsked: ({ context }) => context.waiting.length > 0,
    },
    actions: {
      keep: assign({ waiting: ({ context, event }) => [...context.waiting, event as Request] }),
      refuseFull: refuse(
        ({ context }) => `${context.limits.waitingMax} requests wait for this book, its limit`,
      ),
      settle: enqueueActions(({ enqueue, context, event }) => {
        const { reservation, came } = event as Extract<MessageOf<typeof grants>, { type: "settle" }>;
        enqueue.assign({ book: settled(context.book, reservation, came) });
        if (reservationOf(context.book, reservation) !== undefined) return;
        // Whoever settles it does not wait for it any more: taken after that, it would stay taken.
        const [meant, waiting] = parted(
          context.waiting,
          (each) => each.type === "spend" && each.reservation === reservation,
        );
        for (const { replyTo } of meant)
          enqueue(refuse(`"${reservation}" was settled before it was taken`, { to: asker(replyTo) }));
        enqueue.assign({ waiting });
      }),
      revoke: enqueueActions(({ enqueue, context, event }) => {
        const { id, reason } = event as Extract<MessageOf<typeof grants>, { type: "revoke" }>;
        const { book, ids } = revoked(context.book, id, reason);
        enqueue.assign({ book });
        if (ids.length > 0) enqueue.emit({ type: "revoked", ids: [...ids], reason });
        if (grantOf(context.book, id) !== undefined) return;
        // It was asked for before: given after that, it would stand.
        const [meant, waiting] = parted(context.waiting, (each) => each.type === "issue" && each.id === id);
        for (const { replyTo } of meant)
          enqueue(refuse(`Grant ${id} was revoked before it was given: ${reason}`, { to: asker(replyTo) }));
        enqueue.assign({ waiting });
      }),
      work: enqueueActions(({ enqueue, context, event }) => {
        const nowMs = (event as DoneActorEvent<number>).output;
        const { root, limits } = context;
        let { book } = context;
        const unsealed: Unsealed[] = [];
        for (const request of context.waiting) {
          const to = asker(request.replyTo);
          if (request.type === "check") {
            enqueue(reply(statusOf(book, request.id, nowMs), { to }));
            continue;
          }
          const step =
            request.type === "issue"
              ? issued(book, request, root, nowMs, limits)
              : spent(book, request, nowMs, limits);
          if (!step.ok) {
            enqueue(refuse(step.reason, { to }));
            continue;
          }
          book = step.book;
          if ("grant" in step) unsealed.push({ claims: claimsFor(root, step.grant), to });
          else enqueue(reply({ left: step.left }, { to }));
        }
        enqueue.assign({ book, unsealed, waiting: [] });
      }),
      giveTokens: enqueueActions(({ enqueue, context, event }) => {
        const tokens = (event as DoneActorEvent<readonly string[]>).output;
        context.unsealed.forEach(({ to }, i) => {
          enqueue(reply({ token: tokens[i] ?? "" }, { to }));
        });
        enqueue.assign({ unsealed: [] });
      }),
      refuseTokens: enqueueActions(({ enqueue, context, event }) => {
        const { message } = toWireError((event as ErrorActorEvent).error);
        for (const { to } of context.unsealed)
          enqueue(refuse(`The grant is given, and its token could not be signed: ${message}`, { to }));
        enqueue.assign({ unsealed: [] });
      }),
      refuseTimeless: enqueueActions(({ enqueue, context, event }) => {
        const { message } = toWireError((event as ErrorActorEvent).error);
        for (const { replyTo } of context.waiting)
          enqueue(refuse(`The time is not known: ${message}`, { to: asker(replyTo) }));
        enqueue.assign({ waiting: [] });
      }),
    },
  }).createMachine({
    id: "grants",
    context: ({ input }) => ({
      root: input.root,
      limits: { ...grantLimitsDefault, ...input.limits },
      book: input.book ?? emptyGrantBook,
      waiting: [],
      unsealed: [],
    }),
    initial: "resting",
    on: {
      settle: { actions: "settle" },
      revoke: { actions: "revoke" },
      issue: [{ guard: "isFull", actions: "refuseFull" }, { actions: "keep" }],
      check: [{ guard: "isFull", actions: "refuseFull" }, { actions: "keep" }],
      spend: [{ guard: "isFull", actions: "refuseFull" }, { actions: "keep" }],
    },
    states: {
      resting: {
        always: { guard: "isAsked", target: "looking" },
      },
      looking: {
        invoke: {
          src: "now",
          onDone: { target: "looked", actions: "work" },
          onError: { target: "resting", actions: "refuseTimeless" },
        },
      },
      looked: {
        always: [{ guard: "isGiven", target: "sealing" }, { target: "resting" }],
      },
      sealing: {
        invoke: {
          src: "seal",
          input: ({ context }) => ({ claims: context.unsealed.map(({ claims }) => claims) }),
          onDone: { target: "resting", actions: "giveTokens" },
          onError: { target: "resting", actions: "refuseTokens" },
        },
      },
    },
  });
}
