import {
  type ActorAddress,
  autoShutdowns,
  type ChildSpec,
  CoxswainError,
  childTypes,
  isActorAddress,
  isToken,
  quote,
  restartKinds,
  type SupervisionFault,
  type SupervisorFlags,
  strategies,
} from "../../protocols/index.ts";

/**
 * Flags and specs as they were written, judged: each fault has its own word, and unknown keys are ignored.
 *
 * Source: OTP supervisor, `check_flags/1` and `check_childspec/2`.
 */

type Written = Readonly<Record<string, unknown>>;
/** A key, whether its value may be so, and what to say if not. `undefined` is never asked: it means unsaid. */
type Rule = readonly [key: string, holds: (value: unknown) => boolean, SupervisionFault, expected: string];

const oneOf =
  (words: readonly string[]) =>
  (value: unknown): boolean =>
    typeof value === "string" && words.includes(value);
const among = (words: readonly string[]): string => `one of ${words.join(", ")}`;
const isWhole = (value: unknown, least: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least;
const inRange = (value: unknown, least: number, most = Number.MAX_VALUE): boolean =>
  typeof value === "number" && value >= least && value <= most;

const flagRules: readonly Rule[] = [
  ["strategy", oneOf(strategies), "bad_strategy", among(strategies)],
  ["intensity", (value) => isWhole(value, 0), "bad_intensity", "a whole number of at least 0"],
  ["periodMs", (value) => isWhole(value, 1), "bad_period", "a whole number of milliseconds of at least 1"],
  ["autoShutdown", oneOf(autoShutdowns), "bad_auto_shutdown", among(autoShutdowns)],
  ["childrenMax", (value) => isWhole(value, 1), "bad_children_max", "a whole number of at least 1"],
  ["backoff", isBackoff, "bad_backoff", "{ initialMs, maxMs, factor?: at least 1, jitter?: 0 to 1 }"],
];

const specRules: readonly Rule[] = [
  ["id", isToken, "bad_id", "1 to 64 of A-Z a-z 0-9 _ -"],
  ["actor", (value) => typeof value === "string" && value !== "", "missing_actor", "the name of an actor"],
  ["restart", oneOf(restartKinds), "bad_restart", among(restartKinds)],
  [
    "shutdownMs",
    (value) => inRange(value, 0) || oneOf(["infinity", "brutal_kill"])(value),
    "bad_shutdown",
    'milliseconds of at least 0, "infinity" or "brutal_kill"',
  ],
  ["type", oneOf(childTypes), "bad_type", among(childTypes)],
  ["significant", (value) => typeof value === "boolean", "bad_significant", "true or false"],
  ["address", isActorAddress, "bad_address", "an actor address"],
  ["node", isNodes, "bad_node", "a node's name, or a list of at least one"],
  ["startWithinMs", (value) => inRange(value, 1), "bad_start_within", "milliseconds of at least 1"],
];

function isBackoff(value: unknown): boolean {
  const { initialMs, maxMs, factor = 1, jitter = 0 } = (value ?? {}) as Written;
  return inRange(initialMs, 0) && inRange(maxMs, 0) && inRange(factor, 1) && inRange(jitter, 0, 1);
}

function isNodes(value: unknown): boolean {
  return isToken(value) || (Array.isArray(value) && value.length > 0 && value.every(isToken));
}

function fail(fault: SupervisionFault, message: string): never {
  throw new CoxswainError("SUPERVISOR_INVALID", message, { details: { fault } });
}

function obey(rules: readonly Rule[], written: Written, whose: string): void {
  for (const [key, holds, fault, expected] of rules) {
    const value = written[key];
    if (value !== undefined && !holds(value))
      fail(fault, `Expected ${key} of ${whose} to be ${expected}, got ${quote(value)}`);
  }
}

/** @throws SUPERVISOR_INVALID with `details.fault` */
export function flagsOf(given: unknown = {}): SupervisorFlags {
  const written = (given ?? {}) as { [K in keyof SupervisorFlags]?: SupervisorFlags[K] };
  obey(flagRules, written as Written, "a supervisor");
  const { strategy = "one_for_one", intensity = 1, periodMs = 5_000, autoShutdown = "never" } = written;
  const { childrenMax = 100_000 } = written;
  if (strategy === "simple_one_for_one" && autoShutdown !== "never")
    fail(
      "bad_combination",
      `Expected autoShutdown "never" with simple_one_for_one, got ${quote(autoShutdown)}`,
    );
  const flags = { strategy, intensity, periodMs, autoShutdown, childrenMax };
  if (written.backoff === undefined) return flags;
  const { initialMs, maxMs, factor = 2, jitter = 0.2 } = written.backoff;
  return { ...flags, backoff: { initialMs, maxMs, factor, jitter } };
}

/** What a spec is judged beside. */
export interface SpecHome {
  /** The supervisor's address. */
  readonly self: ActorAddress;
  readonly autoShutdown: SupervisorFlags["autoShutdown"];
}

/** One spec with what is unsaid filled in. @throws SUPERVISOR_INVALID with `details.fault` */
export function specOf(given: unknown, home: SpecHome): ChildSpec {
  const written = (given ?? {}) as { [K in keyof ChildSpec]?: ChildSpec[K] };
  const { id, actor, input, restart = "permanent", type = "worker", significant = false, node } = written;
  if (id === undefined) fail("missing_id", `Expected a child spec with an id, got ${quote(given)}`);
  const whose = `child ${quote(id)} of ${home.self}`;
  if (actor === undefined) fail("missing_actor", `Expected the name of an actor for ${whose}`);
  obey(specRules, written as Written, whose);
  const clash = significant && (home.autoShutdown === "never" || restart === "permanent");
  if (clash)
    fail(
      "bad_combination",
      `Expected significant ${whose} to be transient or temporary, with autoShutdown other than never; got ${restart}, ${home.autoShutdown}`,
    );
  const address = written.address ?? childAddress(home.self, id, node !== undefined);
  if (!isActorAddress(address))
    fail("bad_address", `Expected an address for ${whose}, got ${quote(address)}`);
  return {
    id,
    actor,
    ...(input === undefined ? {} : { input }),
    restart,
    shutdownMs: written.shutdownMs ?? (type === "supervisor" ? "infinity" : 5_000),
    type,
    significant,
    address,
    ...(node === undefined ? {} : { node }),
    startWithinMs: written.startWithinMs ?? 30_000,
  };
}

/** All specs of a supervisor. @throws SUPERVISOR_INVALID with `details.fault` */
export function specsOf(
  given: unknown,
  home: SpecHome & Pick<SupervisorFlags, "strategy" | "childrenMax">,
): readonly ChildSpec[] {
  if (!Array.isArray(given)) fail("bad_children", `Expected a list of child specs, got ${quote(given)}`);
  if (given.length > home.childrenMax)
    fail(
      "bad_children",
      `Expected at most childrenMax (${home.childrenMax}) child specs, got ${given.length}`,
    );
  if (home.strategy === "simple_one_for_one" && given.length !== 1)
    fail("bad_template", `Expected one spec, the template, with simple_one_for_one, got ${given.length}`);
  const specs = given.map((one) => specOf(one, home));
  const ids = new Set<string>();
  const addresses = new Set<string>();
  for (const { id, address } of specs) {
    if (ids.has(id)) fail("duplicate_id", `Expected ids that differ, got ${quote(id)} twice in ${home.self}`);
    if (addresses.has(address))
      fail("duplicate_address", `Expected addresses that differ, got ${address} twice in ${home.self}`);
    ids.add(id);
    addresses.add(address);
  }
  return specs;
}

/**
 * Where a child lives unless its spec says so. One on a node of its own gets an address of one token, since the
 * first token of an address has one home node.
 */
export function childAddress(self: ActorAddress, id: string, elsewhere: boolean): ActorAddress {
  const address = `${self}.${id}`;
  return (elsewhere ? address.replaceAll(".", "-") : address) as ActorAddress;
}
