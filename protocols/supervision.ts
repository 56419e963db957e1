import { z } from "zod";
import { type ActorAddress, isActorAddress } from "./address.ts";
import { defineProtocol, question } from "./protocol.ts";

/** Which children a failure concerns. `simple_one_for_one`: any number of children of one template. */
export const strategies = ["one_for_one", "one_for_all", "rest_for_one", "simple_one_for_one"] as const;
/** Always, after a failure only, or never. */
export const restartKinds = ["permanent", "transient", "temporary"] as const;
export const childTypes = ["worker", "supervisor"] as const;
export const autoShutdowns = ["never", "any_significant", "all_significant"] as const;

export type Strategy = (typeof strategies)[number];
export type RestartKind = (typeof restartKinds)[number];

const address = z.custom<ActorAddress>(isActorAddress, "expected an actor address");

/** How long to wait between the tries of a restart that fails. Each try counts toward the intensity all the same. */
const backoff = z.object({
  initialMs: z.number().nonnegative(),
  maxMs: z.number().nonnegative(),
  /** Each wait is this many times the one before. */
  factor: z.number().min(1).default(2),
  /** The part of a wait left to chance, from 0 (none) to 1 (all of it). */
  jitter: z.number().min(0).max(1).default(0.2),
});
export type Backoff = z.infer<typeof backoff>;

/** What holds for a supervisor as a whole; OTP's supervisor flags. */
export const supervisorFlags = z.object({
  strategy: z.enum(strategies).default("one_for_one"),
  /** Restarts within `periodMs` that are borne; one more and the supervisor gives up. */
  intensity: z.number().int().nonnegative().default(1),
  periodMs: z.number().int().positive().default(5_000),
  /** Whether the supervisor stops once a significant child, or the last of them, has ended by itself. */
  autoShutdown: z.enum(autoShutdowns).default("never"),
  backoff: backoff.optional(),
  /** Children a supervisor may have. */
  childrenMax: z.number().int().positive().default(100_000),
});
export type SupervisorFlags = z.infer<typeof supervisorFlags>;
export type SupervisorFlagsInput = z.input<typeof supervisorFlags>;

/** How long a child may take to stop, in milliseconds, before it is killed; `brutal_kill` kills it at once. */
const shutdownMs = z.union([z.number().nonnegative(), z.literal(["infinity", "brutal_kill"])]);
export type ShutdownMs = z.infer<typeof shutdownMs>;

/** A child as data; OTP's child specification, with what is left out filled in. */
export const childSpec = z.object({
  /** One token, unique among the children of its supervisor. */
  id: z.string(),
  /** The name its definition has in the system's catalogue, or in the supervisor's own. */
  actor: z.string(),
  input: z.unknown().optional(),
  restart: z.enum(restartKinds),
  shutdownMs,
  type: z.enum(childTypes),
  /** Counts for `autoShutdown`. */
  significant: z.boolean(),
  address,
  /** Where it runs: a node, or several that are tried in order; unsaid, beside its supervisor. */
  node: z.union([z.string(), z.array(z.string())]).optional(),
  /** How long it may take to be up, in milliseconds. */
  startWithinMs: z.number().positive(),
});
export type ChildSpec = z.infer<typeof childSpec>;

/**
 * A child as it is written. Restart is `permanent`, type `worker`, `shutdownMs` 5,000 (of a supervisor
 * `infinity`), `startWithinMs` 30,000 unless said; the address is the supervisor's with the id behind it.
 */
export type ChildSpecInput = Pick<ChildSpec, "id" | "actor"> & {
  readonly [K in Exclude<keyof ChildSpec, "id" | "actor" | "address">]?: ChildSpec[K];
} & { readonly address?: string };

/**
 * Left to the supervisor to judge, which says of each fault what it is.
 */
const childAsWritten = z.custom<ChildSpecInput>();
const flagsAsWritten = z.custom<SupervisorFlagsInput>();

/** What is wrong with flags or specs; each has its own word. */
export const supervisionFaults = [
  "bad_strategy",
  "bad_intensity",
  "bad_period",
  "bad_auto_shutdown",
  "bad_backoff",
  "bad_children_max",
  "bad_children",
  "bad_template",
  "missing_id",
  "bad_id",
  "missing_actor",
  "bad_restart",
  "bad_shutdown",
  "bad_type",
  "bad_significant",
  "bad_combination",
  "bad_address",
  "bad_node",
  "bad_start_within",
  "duplicate_id",
  "duplicate_address",
] as const;
export type SupervisionFault = (typeof supervisionFaults)[number];

/** Why a supervisor did not do what it was asked; OTP's words. */
export const supervisionRefusals = [
  "already_started",
  "already_present",
  "not_found",
  "running",
  "restarting",
  "simple_one_for_one",
  "start_failed",
  "spec_invalid",
  "children_max",
  "stopping",
] as const;
export type SupervisionRefusal = (typeof supervisionRefusals)[number];

/** `already_started` says where; `start_failed` why, with the code of the failure; `spec_invalid` which fault it is. */
const refused = z.object({
  ok: z.literal(false),
  error: z.enum(supervisionRefusals),
  reason: z.string().optional(),
  code: z.string().optional(),
  fault: z.enum(supervisionFaults).optional(),
  address: address.optional(),
  activation: z.string().optional(),
});
export type SupervisionRefused = z.infer<typeof refused>;

const carriedOut = z.union([z.object({ ok: z.literal(true) }), refused]);
/** `ignored`: the child was done before it was up, and does not run. `info`: what it announced while it started. */
const startReply = z.union([
  z.object({ ok: z.literal(true), address, activation: z.string(), info: z.unknown().optional() }),
  z.object({ ok: z.literal(true), ignored: z.literal(true) }),
  refused,
]);

export const childStates = ["running", "restarting", "stopped"] as const;

/** A child as the supervisor sees it. Under `simple_one_for_one` the id is the template's, the address its own. */
export const childInfo = z.object({
  id: z.string(),
  address,
  /** One life of the address: a restart is a new activation. */
  activation: z.string().optional(),
  state: z.enum(childStates),
  type: z.enum(childTypes),
  restart: z.enum(restartKinds),
  actor: z.string(),
  node: z.string().optional(),
  /** How often it was restarted since its supervisor knows it. */
  restarts: z.number(),
});
export type ChildInfo = z.infer<typeof childInfo>;

export const childCounts = z.object({
  specs: z.number(),
  active: z.number(),
  supervisors: z.number(),
  workers: z.number(),
});
export type ChildCounts = z.infer<typeof childCounts>;

/** Restarts so far within the window of `windowMs`, this one included. */
const counted = { count: z.number(), windowMs: z.number() };

/** The administration of a supervisor at run time: OTP's calls, with OTP's answers. */
export const supervision = defineProtocol({
  name: "supervision",
  version: "1.0",
  accepts: {
    /** `child` for the static strategies; `input` for simple_one_for_one, laid over the template's. */
    startChild: question(
      z.object({ child: childAsWritten.optional(), input: z.unknown().optional() }),
      startReply,
    ),
    /** By id; under simple_one_for_one by address. */
    terminateChild: question(
      z.object({ id: z.string().optional(), address: z.string().optional() }),
      carriedOut,
    ),
    restartChild: question(z.object({ id: z.string() }), startReply),
    deleteChild: question(z.object({ id: z.string() }), carriedOut),
    /** Newest first; with `limit` at most so many of the `total`. */
    whichChildren: question(
      z.object({ limit: z.number().int().min(1).optional() }),
      z.object({
        strategy: z.enum(strategies),
        intensity: z.number(),
        periodMs: z.number(),
        total: z.number(),
        children: z.array(childInfo),
      }),
    ),
    countChildren: question(z.object({}), childCounts),
    getChild: question(
      z.object({ id: z.string() }),
      z.union([z.object({ ok: z.literal(true), spec: childSpec }), refused]),
    ),
    /** A new list, as on an upgrade: a changed spec replaces, a new one is not started, a missing one is kept. */
    replaceChildren: question(
      z.object({ flags: flagsAsWritten.optional(), children: z.custom<readonly ChildSpecInput[]>() }),
      carriedOut,
    ),
  },
  emits: {
    restarted: z.object({ child: z.string(), address, reason: z.string(), ...counted }),
    /** It did not come up; the next try follows. */
    restartFailed: z.object({ child: z.string(), reason: z.string(), ...counted }),
    /** Too many restarts: all children are stopped, and the supervisor ends. */
    gaveUp: z.object({ child: z.string(), reason: z.string(), ...counted }),
    /** Who decides next: the supervisor's own supervisor, or "system". */
    escalated: z.object({ child: z.string(), reason: z.string(), to: z.string(), ...counted }),
  },
});
