import { CoxswainError } from "../../protocols/index.ts";

/** The oldest server coxswain works with. */
export const versionFloor = "2.9.0";

/** The first server version that can do each thing; `atLeast` below reads a version against it. */
const sinceVersion = {
  /** More than one replica of a stream without split brain. */
  replicas: "2.10.27",
  /** `sync_interval` in the configuration; an older server refuses to start with it. */
  syncInterval: "2.10.0",
  multipleFilterSubjects: "2.10.0",
  subjectTransforms: "2.10.0",
  streamMetadata: "2.10.0",
  compression: "2.10.0",
  firstSequence: "2.10.0",
  authCallout: "2.10.0",
  multipleKeyWatch: "2.10.0",
  perKeyTtl: "2.11.0",
  consumerPause: "2.11.0",
  priorityGroups: "2.11.0",
  messageTrace: "2.11.0",
  multiLastDirectGet: "2.11.0",
  expectedSequenceOfOtherSubject: "2.11.0",
  scheduledMessages: "2.12.0",
  atomicBatch: "2.12.0",
  counters: "2.12.0",
} as const satisfies Record<string, string>;

export type Capability = keyof typeof sinceVersion;
export type Capabilities = Readonly<Record<Capability, boolean>>;

/**
 * What a server of this version can do. Judged by version and never by trying: older servers drop
 * most of what they do not know silently.
 */
export function capabilitiesOf(version: string): Capabilities {
  const entries = Object.entries(sinceVersion).map(([name, since]) => [name, atLeast(version, since)]);
  return Object.fromEntries(entries) as Capabilities;
}

/** The first server version with a capability. */
export function versionWith(capability: Capability): string {
  return sinceVersion[capability];
}

/**
 * Refuses more than one replica where they are not safe.
 *
 * @throws SERVER_TOO_OLD below 2.10.27; OPTION_INVALID for a number that is no 1 to 5.
 */
export function assertReplicas(version: string, replicas: number): void {
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 5) {
    throw new CoxswainError("OPTION_INVALID", `Expected 1 to 5 replicas, got ${replicas}`);
  }
  if (replicas === 1 || capabilitiesOf(version).replicas) return;
  throw new CoxswainError(
    "SERVER_TOO_OLD",
    `nats-server ${version} cannot keep ${replicas} replicas: before ${sinceVersion.replicas} a compare-and-set ` +
      "with replicas can have several winners and the replicas diverge, so an actor could have two owners. " +
      `Use 1 replica, or a server from ${sinceVersion.replicas} on`,
    { details: { version, replicas, needed: sinceVersion.replicas } },
  );
}

/** @throws SERVER_TOO_OLD below the floor. */
export function assertSupported(version: string): void {
  if (atLeast(version, versionFloor)) return;
  throw new CoxswainError("SERVER_TOO_OLD", `Expected nats-server ${versionFloor} or newer, got ${version}`, {
    details: { version, needed: versionFloor },
  });
}

/** Whether `version` is `floor` or newer. A preview ("2.12.0-RC.1") is older than its release. */
export function atLeast(version: string, floor: string): boolean {
  return compareVersions(version, floor) >= 0;
}

/** Negative, zero or positive, for sorting. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [partsOf(left), partsOf(right)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (a.numbers[index] ?? 0) - (b.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return Number(b.preview) - Number(a.preview);
}

function partsOf(version: string): { numbers: number[]; preview: boolean } {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(-.+)?$/.exec(version);
  if (match === null) {
    throw new CoxswainError("OPTION_INVALID", `Expected a server version like "2.10.27", got "${version}"`);
  }
  return { numbers: match.slice(1, 4).map(Number), preview: match[4] !== undefined };
}
