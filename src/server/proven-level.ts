import type { JetStreamAccountStats, ServerInfo } from "nats";
import { describeServer, type Failure, type Verdict } from "./describe-server.ts";

/** How the streams of a system are kept, as far as it is known. */
export interface KeptHow {
  /** What JetStream says of the account; undefined where it gave no answer. */
  readonly account: JetStreamAccountStats | undefined;
  /** The least of all its streams; undefined where it cannot be seen. */
  readonly replicas: number | undefined;
  /** Known of a server we started, else as it is stated; undefined where it cannot be seen. */
  readonly sync: "interval" | "always" | undefined;
}

/**
 * What acknowledged work provably outlives.
 *
 * - `none`: nothing.
 * - `process`: the end of any process of the system's, and a restart of the server.
 * - `node`: the loss of a server with its disk too: three replicas, on servers from 2.10.27 on.
 * - `power`: a power cut of all servers: they flush to disk before they acknowledge. Whether the loss of a server is
 *   outlived is another question, which `verdicts` answers.
 */
export interface ProvenLevel {
  readonly level: "none" | Failure;
  /** One each for process, node and power, in this order. */
  readonly verdicts: readonly Verdict[];
  /** For people, in one line. */
  readonly says: string;
  /** What would make it outlive the next failure. */
  readonly remedy?: string;
}

/** What a server's work provably outlives. What cannot be known is said to be so, and proves nothing. */
export function provenLevel(info: ServerInfo, { account, replicas, sync }: KeptHow): ProvenLevel {
  const described = describeServer({ info, account, replicas: replicas ?? 1, sync });
  const verdicts = described.verdicts.map((verdict) =>
    verdict.failure === "node" && replicas === undefined && verdict.survives === "no" && mayHaveMore(info)
      ? { ...verdict, survives: "unknown" as const, because: "how many replicas are kept cannot be seen" }
      : verdict,
  );
  const proven = verdicts.filter(({ survives }) => survives === "yes").map(({ failure }) => failure);
  const level = proven.at(-1) ?? "none";
  const open = verdicts.find(({ survives }) => survives !== "yes");
  const words = verdicts.map(({ failure, survives, because }) => {
    return `${outlives[failure]}: ${survives === "unknown" ? "not known" : survives} (${because})`;
  });
  return {
    level,
    verdicts,
    says: `proven level "${level}". Acknowledged work outlives ${words.join("; ")}`,
    ...(open?.remedy === undefined ? {} : { remedy: open.remedy }),
  };
}

/** How the servers flush to disk, as whoever runs them states it: a client cannot see it. */
export type ServerFlushes = "always" | { readonly everyMs: number };

/** What would follow of what is stated, in one line; it proves nothing. @param known how this server does flush, where that is known */
export function statedLevel(stated: ServerFlushes, known: KeptHow["sync"]): string {
  const how = stated === "always" ? "before they acknowledge" : `every ${stated.everyMs} ms`;
  const said = `the servers flush to disk ${how}`;
  if (known === undefined) {
    const so = stated === "always" ? "outlives a power cut" : "of so long would be lost in a power cut";
    return `Stated by you, not proved: ${said}; then acknowledged work ${so}`;
  }
  const isSo =
    known === "always" ? stated === "always" : stated !== "always" && stated.everyMs === embeddedMs;
  const does = known === "always" ? "before it acknowledges" : "every second";
  return isSo ? `As stated by you, ${said}` : `Stated by you, and not so: ${said}; this one does ${does}`;
}

/** A server of ours that flushes at intervals, in milliseconds. */
const embeddedMs = 1_000;

const outlives = {
  process: "the end of a process",
  node: "the loss of a server",
  power: "a power cut",
} satisfies Record<Failure, string>;

/** Another reason than the number of replicas stands whatever that is. */
function mayHaveMore(info: ServerInfo): boolean {
  return (
    info.cluster !== undefined &&
    describeServer({ info, account: anyAccount, replicas: 3 }).verdicts[1].survives !== "no"
  );
}

const anyAccount = {} as JetStreamAccountStats;
