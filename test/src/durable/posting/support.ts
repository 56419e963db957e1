import type { ActorAddress, Envelope, MessageId } from "../../../../protocols/index.ts";
import type { PostingHost } from "../../../../src/durable/posting/host.ts";
import type { Report } from "../../../../src/node.ts";
import type { Stream } from "../../../../src/transport/transport.ts";
import { type SimulatedEnv, simulatedEnv } from "../../../support/simulated-env.ts";

export interface TestHost extends PostingHost {
  readonly env: SimulatedEnv;
  readonly reports: Report[];
  /** Types of which nobody has said where they live. */
  readonly unannounced: Set<string>;
}

export function hostOf(stream: Stream, limits: Partial<PostingHost["limits"]> = {}): TestHost {
  const unannounced = new Set<string>();
  const reports: Report[] = [];
  return {
    env: simulatedEnv(),
    system: "t",
    zone: "main",
    stream,
    limits: { bytesMax: 1_048_576, depthMax: 32, nodesMax: 65_536, ...limits },
    shardOf: (to) => (unannounced.has(to.split(".")[0] as string) ? undefined : "main_0"),
    report: (report) => void reports.push(report),
    reports,
    unannounced,
  };
}

export function message(to: string, type: string, rest: Partial<Envelope> = {}): Envelope {
  return {
    kind: "message",
    id: `m-${type}` as MessageId,
    from: "",
    to: to as ActorAddress,
    type,
    protocol: "t@1.0",
    sentAtMs: 1,
    body: {},
    ...rest,
  };
}

/** Lets promises settle; no time passes. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets virtual time pass until it is so. */
export async function until(env: SimulatedEnv, isSo: () => boolean): Promise<void> {
  for (let step = 0; !isSo(); step++) {
    if (step > 2_000) throw new Error("It never came about");
    await breathe();
    env.advance(500);
  }
}
