import { type LogFacts, mergeFacts } from "./logs/index.ts";
import { type Room, sendable } from "./sendable.ts";
import type { CrewResult } from "./tasks.ts";

type Group = CrewResult["groups"][number];

/** Kinds of unknown logs a crew tells apart; further ones are put together. */
const UNKNOWN_GROUPS_MAX = 8;
const OTHERS = "other unknown logs";

/** One message of 1 MiB carries the facts of three crews, and a line for each of 1,000 files. */
const roomOfACrew: Room = { bytesMax: 200_000, valuesMax: 12_000 };

/** Puts the facts of a crew's files together: one group a format, unknown ones one group a kind of file. */
export class Groups {
  readonly #groups = new Map<string, LogFacts>();

  /** Files must be added in their order: which templates are found depends on it. */
  add(name: string, facts: LogFacts): void {
    const label = this.#labelOf(name, facts);
    const known = this.#groups.get(label);
    const merged = known === undefined ? facts : mergeFacts(known, facts);
    if (merged === undefined) throw new Error(`Expected facts of one kind as ${label}, got ${facts.kind}`);
    this.#groups.set(label, merged);
  }

  groups(): Group[] {
    const groups = [...this.#groups].map(([label, facts]) => ({ label, facts: settled(facts) }));
    return sendable(groups, roomOfACrew);
  }

  #labelOf(name: string, facts: LogFacts): string {
    if (facts.format !== "unknown") return facts.format;
    const label = familyOf(name);
    if (this.#groups.has(label)) return label;
    const known = [...this.#groups.values()].filter(({ format }) => format === "unknown").length;
    return known < UNKNOWN_GROUPS_MAX - 1 ? label : OTHERS;
  }
}

/** What rotated files of one log have in common: `app/web.log.2.gz` and `app/web-2026-01-02.log` are `app/web.log`. */
export function familyOf(name: string): string {
  const slash = name.lastIndexOf("/") + 1;
  const family = name
    .slice(slash)
    .replace(/\.(?:gz|z|old|bak)$/i, "")
    .replace(/[-._]?\d{4}-?\d\d-?\d\d(?:[-T_.]?\d{2,6})?(?=[-._]|$)/g, "")
    .replace(/\.\d+(?=\.|$)/g, "")
    .replace(/[-_]\d{1,3}(?=\.|$)/g, "");
  return family === "" ? name : name.slice(0, slash) + family;
}

/** Executions that may still get entries are needed only as long as more files come. */
function settled(facts: LogFacts): LogFacts {
  if (facts.kind !== "functions") return facts;
  const { all, failed } = facts.executions;
  return { ...facts, executions: { all, failed, open: [], settled: all } };
}
