import type { JetStreamAccountStats, ServerInfo } from "nats";
import { atLeast, type Capabilities, capabilitiesOf, versionFloor, versionWith } from "./capabilities.ts";

export interface ServerEvidence {
  /** What the server said of itself on connecting: `connection.info`. */
  readonly info: ServerInfo;
  /** `jetstreamManager().getAccountInfo()`; undefined where JetStream gave no answer. */
  readonly account: JetStreamAccountStats | undefined;
  /** How many replicas streams are kept with; default 1. */
  readonly replicas?: number;
  /** How it flushes to disk. Known of a server we started; a client cannot see it of others. */
  readonly sync?: "interval" | "always" | undefined;
}

/** What may fail: our process, a server's machine, or the power of all of them. */
export type Failure = "process" | "node" | "power";

/** Whether messages that were acknowledged outlive a failure, and why we say so. */
export interface Verdict {
  readonly failure: Failure;
  readonly survives: "yes" | "no" | "unknown";
  readonly because: string;
  /** What would make it "yes". */
  readonly remedy?: string;
}

export interface ServerDescription {
  readonly version: string;
  /** Whether coxswain works with it at all. */
  readonly supported: boolean;
  readonly jetstream: boolean;
  readonly cluster: string | undefined;
  /** Servers of the cluster that were announced to us, at least this one. */
  readonly serversSeen: number;
  readonly payloadMaxBytes: number;
  readonly capabilities: Capabilities;
  /** One each for process, node and power, in this order. */
  readonly verdicts: readonly [Verdict, Verdict, Verdict];
}

/** What server this is, and which failures it lets durable work outlive, as far as it can be proved from here. */
export function describeServer(evidence: ServerEvidence): ServerDescription {
  const { info } = evidence;
  return {
    version: info.version,
    supported: atLeast(info.version, versionFloor),
    jetstream: hasJetStream(evidence),
    cluster: info.cluster,
    serversSeen: serversSeen(info),
    payloadMaxBytes: info.max_payload,
    capabilities: capabilitiesOf(info.version),
    verdicts: [processVerdict(evidence), nodeVerdict(evidence), powerVerdict(evidence)],
  };
}

function processVerdict(evidence: ServerEvidence): Verdict {
  const failure = "process";
  if (!hasJetStream(evidence)) return { failure, ...withoutJetStream(evidence) };
  const because =
    "what JetStream has acknowledged is with the server, whatever becomes of the actors' process";
  return { failure, survives: "yes", because };
}

function nodeVerdict(evidence: ServerEvidence): Verdict {
  const failure = "node";
  const { info, account, replicas = 1 } = evidence;
  if (!hasJetStream(evidence)) return { failure, ...withoutJetStream(evidence) };
  if (!capabilitiesOf(info.version).replicas) {
    const needed = versionWith("replicas");
    const because = `before ${needed} replicas diverge and a compare-and-set has several winners, so one is kept`;
    return {
      failure,
      survives: "no",
      because,
      remedy: `nats-server ${needed} or newer, three of them in a cluster`,
    };
  }
  const remedy = "a cluster of three servers, and 3 replicas";
  if (info.cluster === undefined) {
    return { failure, survives: "no", because: "the server is not part of a cluster", remedy };
  }
  if (replicas < 3) {
    return { failure, survives: "no", because: `streams are kept with ${replicas} of 3 replicas`, remedy };
  }
  if (account?.tiers !== undefined && account.tiers.R3 === undefined) {
    return { failure, survives: "no", because: "the account may not keep 3 replicas", remedy };
  }
  const seen = serversSeen(info);
  if (seen < replicas) {
    const because = `cluster "${info.cluster}" announced ${seen} of the ${replicas} servers that replicas need`;
    return { failure, survives: "unknown", because, remedy };
  }
  const because = `${replicas} replicas over the ${seen} servers of cluster "${info.cluster}": a majority outlives one of them`;
  return { failure, survives: "yes", because };
}

function powerVerdict(evidence: ServerEvidence): Verdict {
  const failure = "power";
  const { info, sync } = evidence;
  if (!hasJetStream(evidence)) return { failure, ...withoutJetStream(evidence) };
  if (!capabilitiesOf(info.version).syncInterval) {
    const because =
      "it flushes to disk every two minutes: those are lost, or a whole stream younger than that";
    return {
      failure,
      survives: "no",
      because,
      remedy: "nats-server 2.10 or newer with `sync_interval: always`",
    };
  }
  if (sync === "always") {
    return { failure, survives: "yes", because: "it flushes to disk before it acknowledges" };
  }
  const remedy = "`sync_interval: always` in the servers' configuration";
  if (sync === "interval") {
    const because = "it flushes to disk every second: what was acknowledged since the last time is lost";
    return { failure, survives: "no", because, remedy };
  }
  const because = "how often it flushes to disk cannot be seen from a client; by default every two minutes";
  return { failure, survives: "unknown", because, remedy };
}

function withoutJetStream({ info }: ServerEvidence): Omit<Verdict, "failure"> {
  const because =
    info.jetstream === true
      ? "this account has no JetStream: everything is in memory"
      : "the server runs without JetStream: everything is in memory";
  return { survives: "no", because, remedy: "JetStream, enabled for this account" };
}

function hasJetStream({ info, account }: ServerEvidence): boolean {
  return info.jetstream === true && account !== undefined;
}

function serversSeen(info: ServerInfo): number {
  return Math.max(1, info.connect_urls?.length ?? 0);
}
