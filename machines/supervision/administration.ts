import {
  type ChildCounts,
  type ChildInfo,
  isCoxswainError,
  type MessageOf,
  type ReplyOf,
  type ReplyTo,
  type SupervisionFault,
  type SupervisionRefusal,
  type SupervisionRefused,
  type supervision,
} from "../../protocols/index.ts";
import { ended } from "./children.ts";
import { replaced } from "./replace.ts";
import { type Child, childAt, childOf, newestFirst, withoutChild } from "./roster.ts";
import { childAddress, specOf } from "./specs.ts";
import { startStep, stopSteps } from "./strategy.ts";
import { newChild, type SupervisorContext, type Work } from "./supervisor-context.ts";

type Asked = MessageOf<typeof supervision>;
type AskedFor<K extends Asked["type"]> = Extract<Asked, { type: K }>;

type Reply = ReplyOf<typeof supervision, Asked["type"]>;

/** What an administrative question comes to: an answer now, maybe with a change, or work for the hands. */
export type Considered =
  | { readonly reply: Reply; readonly context?: SupervisorContext; readonly work?: never }
  | { readonly work: Work; readonly context?: SupervisorContext; readonly reply?: never };

/**
 * The administration of a supervisor while its hands are free.
 *
 * Source: OTP supervisor, `handle_call/3`; the answers are its answers.
 */
export function considered(context: SupervisorContext, event: Asked): Considered {
  switch (event.type) {
    case "startChild":
      return context.template === undefined ? startStatic(context, event) : startDynamic(context, event);
    case "terminateChild":
      return terminate(context, event);
    case "restartChild":
      return restart(context, event);
    case "deleteChild":
      return remove(context, event);
    case "replaceChildren":
      return replace(context, event);
    case "getChild":
      return { reply: specReply(context, event.id) };
    case "whichChildren":
      return { reply: childrenReply(context, event.limit) };
    case "countChildren":
      return { reply: childCounts(context) };
  }
}

const no = (error: SupervisionRefusal): { reply: SupervisionRefused } => ({ reply: { ok: false, error } });

function startStatic(
  context: SupervisorContext,
  { child: written, replyTo }: AskedFor<"startChild">,
): Considered {
  const { self, flags } = context;
  return unlessInvalid(() => {
    const spec = specOf(written, { self, ...flags });
    const known = childOf(context.roster, spec.id) ?? childAt(context.roster, spec.address);
    if (known !== undefined) return alreadyThere(known);
    if (isFull(context)) return no("children_max");
    const newcomer = newChild(spec);
    return { work: { ...forAsker("startChild", replyTo), plan: starting(newcomer), newcomer } };
  });
}

function isFull({ roster, flags }: SupervisorContext): boolean {
  return roster.counts.all >= flags.childrenMax;
}

function alreadyThere({ address, activation }: Child): Considered {
  if (activation === undefined) return no("already_present");
  return { reply: { ok: false, error: "already_started", address, activation } };
}

function startDynamic(context: SupervisorContext, { input, replyTo }: AskedFor<"startChild">): Considered {
  if (isFull(context)) return no("children_max");
  const template = context.template as NonNullable<SupervisorContext["template"]>;
  const numbered = context.numbered + 1;
  const address = childAddress(context.self, String(numbered), template.node !== undefined);
  const own = input === undefined ? {} : { ownInput: { input: merged(template.input, input) } };
  const newcomer = { ...newChild(template), dynamic: true, address, ...own };
  const work = { ...forAsker("startChild", replyTo), plan: starting(newcomer), newcomer };
  return { work, context: { ...context, numbered } };
}

function terminate(
  context: SupervisorContext,
  { id, address, replyTo }: AskedFor<"terminateChild">,
): Considered {
  const simple = context.template !== undefined;
  if (simple && address === undefined) return no("simple_one_for_one");
  const child = simple ? childAt(context.roster, address as string) : childOf(context.roster, id ?? "");
  if (child === undefined)
    return simple && wasOurs(context, address as string) ? { reply: { ok: true } } : no("not_found");
  if (child.state === "running")
    return { work: { ...forAsker("terminateChild", replyTo), plan: { stop: stopSteps(child), start: [] } } };
  return { reply: { ok: true }, context: { ...context, roster: ended(context.roster, child) } };
}

/** As the address of a dynamic child once was: to stop what has ended is no mistake. */
function wasOurs({ self, template, numbered }: SupervisorContext, address: string): boolean {
  const number = Number(/(\d+)$/.exec(address)?.[1] ?? 0);
  const known = number >= 1 && number <= numbered;
  return known && address === childAddress(self, String(number), template?.node !== undefined);
}

function restart(context: SupervisorContext, { id, replyTo }: AskedFor<"restartChild">): Considered {
  const child = stoppedChild(context, id);
  if (typeof child === "string") return no(child);
  return { work: { ...forAsker("restartChild", replyTo), plan: starting(child) } };
}

function remove(context: SupervisorContext, { id }: AskedFor<"deleteChild">): Considered {
  const child = stoppedChild(context, id);
  if (typeof child === "string") return no(child);
  return { reply: { ok: true }, context: { ...context, roster: withoutChild(context.roster, child) } };
}

/** The child, or why it is not one that can be restarted or deleted now. */
function stoppedChild(
  { roster, template }: SupervisorContext,
  id: string,
): Child | "simple_one_for_one" | "not_found" | "running" | "restarting" {
  if (template !== undefined) return "simple_one_for_one";
  const child = childOf(roster, id);
  if (child === undefined) return "not_found";
  return child.state === "stopped" ? child : child.state;
}

function replace(context: SupervisorContext, event: AskedFor<"replaceChildren">): Considered {
  return unlessInvalid(() => ({
    reply: { ok: true },
    context: replaced(context, event.flags, event.children),
  }));
}

function specReply(
  { roster, template }: SupervisorContext,
  id: string,
): ReplyOf<typeof supervision, "getChild"> {
  const spec =
    template?.id === id ? template : template === undefined ? childOf(roster, id)?.spec : undefined;
  return spec === undefined ? no("not_found").reply : { ok: true, spec };
}

function unlessInvalid(consider: () => Considered): Considered {
  try {
    return consider();
  } catch (fault) {
    if (!isCoxswainError(fault, "SUPERVISOR_INVALID")) throw fault;
    const reply: SupervisionRefused = {
      ok: false,
      error: "spec_invalid",
      reason: fault.message,
      fault: fault.details.fault as SupervisionFault,
    };
    return { reply };
  }
}

type AskerWork = Extract<Work, { for: "asker" }>;

function forAsker(asked: AskerWork["asked"], asker: ReplyTo | undefined) {
  return { for: "asker", asked, asker } as const;
}

function starting(child: Omit<Child, "place">): AskerWork["plan"] {
  return { stop: [], start: [startStep(child)] };
}

function merged(template: unknown, own: unknown): unknown {
  return isRecord(template) && isRecord(own) ? { ...template, ...own } : own;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Newest first. */
function childrenReply(
  { flags, roster }: SupervisorContext,
  limit = Number.POSITIVE_INFINITY,
): ReplyOf<typeof supervision, "whichChildren"> {
  const { strategy, intensity, periodMs } = flags;
  const children: ChildInfo[] = [];
  for (const child of newestFirst(roster)) {
    if (children.length >= limit) break;
    children.push(childInfo(child));
  }
  return { strategy, intensity, periodMs, total: roster.counts.all, children };
}

function childInfo({ spec, address, activation, state, node, restarts }: Child): ChildInfo {
  return {
    id: spec.id,
    address,
    ...(activation === undefined ? {} : { activation }),
    state,
    type: spec.type,
    restart: spec.restart,
    actor: spec.actor,
    ...(node === undefined ? {} : { node }),
    restarts,
  };
}

function childCounts({ roster, template }: SupervisorContext): ChildCounts {
  const { all, running, supervisors } = roster.counts;
  return {
    specs: template === undefined ? all : 1,
    active: running,
    supervisors,
    workers: all - supervisors,
  };
}
