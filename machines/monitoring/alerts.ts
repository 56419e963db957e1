import { assign, cancel, emit, enqueueActions, setup } from "xstate";
import type { Alert, alerts, EmittedOf, MessageOf } from "../../protocols/index.ts";
import { reply } from "../verbs.ts";

export interface AlertsInput {
  /** Of one key, a delivery a window, in milliseconds; default 900,000. */
  readonly windowMs?: number;
}

interface OpenAlert extends Alert {
  readonly count: number;
  readonly deliveries: number;
  /** Who has acknowledged it; empty: nobody. */
  readonly by: string;
}

interface AlertsContext {
  readonly windowMs: number;
  readonly alerts: Readonly<Record<string, OpenAlert>>;
}

type Came = Extract<MessageOf<typeof alerts>, { type: "alert" }>;
type Acknowledge = Extract<MessageOf<typeof alerts>, { type: "acknowledge" }>;
/** A window is over. Nobody can send it from outside: it is not in the protocol. */
interface Lapsed {
  readonly type: "lapsed";
  readonly key: string;
}

/** Each has a timer of the record's thousand. */
const alertsMax = 500;
const others = "others";

/** The key an alert is kept by: beyond the limit those that are new are one. */
function keyOf({ alerts: open }: AlertsContext, { key }: { readonly key: string }): string {
  if (Object.hasOwn(open, key) || Object.keys(open).length < alertsMax) return key;
  return others;
}

function find({ alerts: open }: AlertsContext, key: string): OpenAlert | undefined {
  return Object.hasOwn(open, key) ? open[key] : undefined;
}

function changed(
  context: AlertsContext,
  key: string,
  change: Partial<OpenAlert>,
): Pick<AlertsContext, "alerts"> {
  const alert = find(context, key);
  return alert === undefined ? context : { alerts: { ...context.alerts, [key]: { ...alert, ...change } } };
}

function without({ alerts: open }: AlertsContext, key: string): Pick<AlertsContext, "alerts"> {
  const { [key]: _, ...rest } = open;
  return { alerts: rest };
}

const windowOf = (key: string): string => `window ${key}`;

/**
 * Decides which alerts reach somebody: a key's first at once; then, while nobody has acknowledged it, one a window, however
 * often it comes. Acknowledged, it is quiet until its window is over; what comes then is new.
 *
 * There is one state: what holds is kept a key.
 */
export const alertsMachine = setup({
  types: {
    context: {} as AlertsContext,
    events: {} as MessageOf<typeof alerts> | Lapsed,
    emitted: {} as EmittedOf<typeof alerts>,
    input: {} as AlertsInput,
  },
  guards: {
    isOpen: ({ context, event }) => find(context, keyOf(context, event as Came)) !== undefined,
    isUnknown: ({ context, event }) => find(context, (event as { key: string }).key) === undefined,
    isAcknowledged: ({ context, event }) => find(context, (event as { key: string }).key)?.by !== "",
  },
  actions: {
    keep: assign(({ context, event }) => {
      const { summary, severity } = event as Came;
      const key = keyOf(context, event as Came);
      const alert: OpenAlert = { key, summary, severity, count: 1, deliveries: 0, by: "" };
      return { alerts: { ...context.alerts, [key]: alert } };
    }),
    count: assign(({ context, event }) => {
      const { summary, severity } = event as Came;
      const key = keyOf(context, event as Came);
      return changed(context, key, { summary, severity, count: (find(context, key)?.count ?? 0) + 1 });
    }),
    deliver: enqueueActions(({ enqueue, context, event }) => {
      const key = keyOf(context, event as Came | Lapsed);
      const { summary = "", severity = "", count = 0, deliveries = 0 } = find(context, key) ?? {};
      const delivery = deliveries + 1;
      enqueue.assign(changed(context, key, { deliveries: delivery }));
      enqueue.emit({ type: "alerted", key, summary, severity, count, delivery });
    }),
    openWindow: enqueueActions(({ enqueue, context, event }) => {
      const key = keyOf(context, event as Came | Lapsed);
      enqueue.raise({ type: "lapsed", key }, { id: windowOf(key), delay: context.windowMs });
    }),
    closeWindow: cancel(({ event }) => windowOf((event as { key: string }).key)),
    drop: assign(({ context, event }) => without(context, (event as { key: string }).key)),
    sayCleared: emit(({ event }) => ({ type: "cleared" as const, key: (event as { key: string }).key })),
    acknowledge: assign(({ context, event }) => {
      const { key, by } = event as Acknowledge;
      return changed(context, key, { by });
    }),
    sayAcknowledged: emit(({ event }) => {
      const { key, by } = event as Acknowledge;
      return { type: "acknowledged" as const, key, by };
    }),
    answerAcknowledged: reply(({ event }) => ({
      outcome: "acknowledged" as const,
      by: (event as Acknowledge).by,
    })),
    answerKnown: reply(({ context, event }) => ({
      outcome: "known" as const,
      by: find(context, (event as Acknowledge).key)?.by ?? "",
    })),
    answerUnknown: reply(() => ({ outcome: "unknown" as const, by: "" })),
    show: reply(({ context }) => ({ alerts: Object.values(context.alerts) })),
  },
}).createMachine({
  id: "alerts",
  context: ({ input }) => ({ windowMs: input?.windowMs ?? 900_000, alerts: {} }),
  on: {
    alert: [{ guard: "isOpen", actions: "count" }, { actions: ["keep", "deliver", "openWindow"] }],
    lapsed: [{ guard: "isAcknowledged", actions: "drop" }, { actions: ["deliver", "openWindow"] }],
    clear: [{ guard: "isUnknown" }, { actions: ["closeWindow", "drop", "sayCleared"] }],
    acknowledge: [
      { guard: "isUnknown", actions: "answerUnknown" },
      { guard: "isAcknowledged", actions: "answerKnown" },
      { actions: ["acknowledge", "sayAcknowledged", "answerAcknowledged"] },
    ],
    open: { actions: "show" },
  },
});
