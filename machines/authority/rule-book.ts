import { assign, emit, setup } from "xstate";
import { type EmittedOf, type MessageOf, quote, type RuleSet, type rules } from "../../protocols/index.ts";
import { refuse, reply } from "../verbs.ts";
import { canonicalText, hashOf } from "./hash.ts";
import { validateRules } from "./rule-set.ts";

type Replace = Extract<MessageOf<typeof rules>, { type: "replace" }>;
type Read = Extract<MessageOf<typeof rules>, { type: "read" }>;

export interface RuleVersion {
  readonly version: number;
  readonly hash: string;
  readonly ruleSet: RuleSet;
  /** Of its text, in characters. */
  readonly size: number;
}

export interface RuleBookContext {
  /** The one in force last. Decisions of the audit are made again by former ones. */
  readonly versions: readonly RuleVersion[];
}

/** All must fit an agent's record, and one a message. In characters. */
const sizeMax = 100_000;
const keptMax = 400_000;
const versionsMax = 32;

/**
 * Decides which rule set is in force: one version after the other, each replaced by whoever knows which one it replaces.
 *
 * - `empty`: none is in force, nothing can be decided yet.
 * - `inForce`: the newest one is; former ones are kept as long as there is room.
 */
export const ruleBookMachine = setup({
  types: {
    context: {} as RuleBookContext,
    events: {} as MessageOf<typeof rules>,
    emitted: {} as EmittedOf<typeof rules>,
  },
  guards: {
    // Asked again after its answer was lost.
    isInForceAlready: ({ context, event }) => {
      const { expected, ruleSet } = event as Replace;
      const last = context.versions.at(-1);
      return last !== undefined && last.version === expected + 1 && last.hash === hashOf(ruleSet);
    },
    holds: ({ context, event }) => objection(context, event as Replace) === undefined,
    isKept: ({ context, event }) => versionFor(context, event as Read) !== undefined,
  },
  actions: {
    keep: assign(({ context, event }) => {
      const { expected, ruleSet } = event as Replace;
      const size = canonicalText(ruleSet).length;
      return {
        versions: withRoom([
          ...context.versions,
          { version: expected + 1, hash: hashOf(ruleSet), ruleSet, size },
        ]),
      };
    }),
    sayReplaced: emit(({ context }): EmittedOf<typeof rules> => ({ type: "replaced", ...inForce(context) })),
    answerReplaced: reply(({ context }) => inForce(context)),
    object: refuse(({ context, event }) => objection(context, event as Replace) ?? ""),
    answerRead: reply(({ context, event }) => {
      const { version, hash, ruleSet } = versionFor(context, event as Read) as RuleVersion;
      return { version, hash, ruleSet };
    }),
    haveNone: refuse(({ context, event }) => {
      const { version } = event as Read;
      const [first, last] = [context.versions[0]?.version, context.versions.at(-1)?.version];
      if (first === undefined) return "No rule set is in force yet";
      return `Expected a version from ${first} to ${last}, got ${version}`;
    }),
  },
}).createMachine({
  id: "ruleBook",
  context: { versions: [] },
  initial: "empty",
  states: {
    empty: {
      on: {
        replace: [
          { guard: "holds", target: "inForce", actions: ["keep", "sayReplaced", "answerReplaced"] },
          { actions: "object" },
        ],
        read: { actions: "haveNone" },
      },
    },
    inForce: {
      on: {
        replace: [
          { guard: "isInForceAlready", actions: "answerReplaced" },
          { guard: "holds", actions: ["keep", "sayReplaced", "answerReplaced"] },
          { actions: "object" },
        ],
        read: [{ guard: "isKept", actions: "answerRead" }, { actions: "haveNone" }],
      },
    },
  },
});

/** Why a rule set cannot be put in force; undefined where it can. */
function objection({ versions }: RuleBookContext, { expected, ruleSet }: Replace): string | undefined {
  const version = versions.at(-1)?.version ?? 0;
  if (expected !== version)
    return `Expected version ${version}, which is in force, got ${expected}: conflict`;
  const checked = validateRules(ruleSet);
  if (!checked.ok) {
    const [{ path, says } = { path: [], says: "" }] = checked.problems;
    return `Rule set ${quote(ruleSet.name)} does not hold: ${path.join(".")}: ${says}`;
  }
  const size = canonicalText(ruleSet).length;
  return size > sizeMax ? `Expected at most ${sizeMax} characters of rules, got ${size}` : undefined;
}

/** The newest that fit, the one in force always. */
function withRoom(versions: readonly RuleVersion[]): readonly RuleVersion[] {
  let room = keptMax;
  const first = versions.findLastIndex(({ size }) => {
    room -= size;
    return room < 0;
  });
  return versions.slice(first + 1).slice(-versionsMax);
}

function versionFor({ versions }: RuleBookContext, { version }: Read): RuleVersion | undefined {
  return version === undefined ? versions.at(-1) : versions.find((kept) => kept.version === version);
}

function inForce({ versions }: RuleBookContext): { version: number; hash: string } {
  const { version = 0, hash = "" } = versions.at(-1) ?? {};
  return { version, hash };
}
