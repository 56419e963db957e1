import { setTimeout as timer } from "node:timers/promises";
import {
  type FramePredicate,
  isConsumerAck,
  isPubAck,
  isTo,
  type NatsProxy,
} from "../../../src/testing/proxy/index.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { FleetNode } from "../fleet/fleet-node.ts";
import { chosen, type FaultKind, type PlannedFault } from "./fault-plan.ts";

/** Where a fault strikes, and how long it may go on. */
interface Scene {
  readonly fleet: Fleet;
  readonly fault: PlannedFault;
  /** Resolves after the fault's time, or when the run is over. */
  readonly over: () => Promise<void>;
}

/** Does it, and resolves when it is healed. @returns whom it struck; undefined where there was nobody. */
type CarryOut = (scene: Scene) => Promise<string | undefined>;

/** @returns whom it struck; undefined where there was nobody to strike. */
export async function carryOut(
  fault: PlannedFault,
  fleet: Fleet,
  signal: AbortSignal,
): Promise<string | undefined> {
  const over = (): Promise<void> => timer(fault.lastsMs, undefined, { signal }).catch(() => {});
  return hands[fault.kind]({ fleet, fault, over });
}

const hands: Readonly<Record<FaultKind, CarryOut>> = {
  kill: (scene) => toNode(scene, (node) => restarted(scene, node, () => node.kill())),
  leave: (scene) => toNode(scene, (node) => restarted(scene, node, () => node.leave(15_000))),
  pause: (scene) =>
    toNode(scene, async (node) => {
      const goOn = node.stop();
      await scene.over();
      goOn();
    }),
  clock: (scene) =>
    toNode(scene, async (node) => {
      node.jumpClock(jumpOf(scene.fault.manner));
      await scene.over();
      node.jumpClock(0);
    }),
  partition: async ({ fleet, over }) => {
    const node = fleet.nodes.find(({ namespace }) => namespace !== undefined);
    await node?.namespace?.cut();
    await over();
    await node?.namespace?.heal();
    return node?.name;
  },
  loss: async ({ fleet, fault, over }) => {
    const node = fleet.nodes.find(({ namespace }) => namespace !== undefined);
    await node?.namespace?.lose(5 + Math.round(fault.manner * 28));
    await over();
    await node?.namespace?.loseNone();
    return node?.name;
  },
  server: async (scene) => {
    const { servers } = scene.fleet;
    const index = Math.floor(scene.fault.victim * servers.ports.length);
    return killServer(scene, index);
  },
  leader: async (scene) => {
    const { servers } = scene.fleet;
    const stream = await servers.busiestStream();
    const index = stream === undefined ? undefined : await servers.leaderOf(stream);
    return index === undefined ? undefined : `${await killServer(scene, index)}, leader of ${stream}`;
  },
  lostAck: (scene) => {
    const lost = scene.fault.manner < 0.7 ? isPubAck() : isConsumerAck();
    return byRule(scene, (proxy) => proxy.drop(lost, { times: 1 + Math.floor(scene.fault.manner * 20) }));
  },
  doubled: (scene) => {
    const doubled = chosen(doublings, scene.fault.manner) ?? isPubAck();
    return byRule(scene, (proxy) => proxy.duplicate(doubled, { times: 30 }));
  },
  reset: (scene) => {
    const bytes = 1 + Math.floor(scene.fault.manner * 20_000);
    const direction = scene.fault.victim < 0.5 ? "toServer" : "toClient";
    return byRule(scene, (proxy) => proxy.resetAfter(bytes, { direction, times: 2 }));
  },
  slow: (scene) => {
    const byMs = 20 + Math.round(scene.fault.manner * 380);
    return byRule(scene, (proxy) => proxy.delay(isTo(">"), { byMs, times: Number.POSITIVE_INFINITY }));
  },
  stall: (scene) => {
    const direction = chosen([undefined, "toServer", "toClient"] as const, scene.fault.manner);
    return byRule(scene, (proxy) => {
      const struck = chosen(proxy.connections, scene.fault.victim)?.number;
      const which = ({ number }: { readonly number: number }): boolean => number === struck;
      return proxy.stall({ which, ...(direction === undefined ? {} : { direction }) });
    });
  },
};

/** What may arrive twice: messages on their way into a stream and out of it, writes of records, and acknowledgements. */
const doublings: readonly FramePredicate[] = [
  isTo("cx.*.box.>", "toServer"),
  isTo("cx.*.box.>", "toClient"),
  isTo("$KV.>", "toServer"),
  isPubAck(),
  isConsumerAck(),
];

async function toNode(
  { fleet, fault }: Scene,
  strike: (node: FleetNode) => Promise<void>,
): Promise<string | undefined> {
  const up = fleet.nodes.filter((node) => node.up);
  const node = chosen(up, fault.victim);
  if (node === undefined) return undefined;
  await strike(node);
  return node.name;
}

async function restarted({ over }: Scene, node: FleetNode, end: () => Promise<void>): Promise<void> {
  await end();
  await over();
  await node.start();
}

async function killServer({ fleet: { servers }, over }: Scene, index: number): Promise<string> {
  await servers.kill(index);
  await over();
  await servers.restart(index);
  return `server ${index + 1}`;
}

async function byRule(
  { fleet, fault, over }: Scene,
  make: (proxy: NatsProxy) => { readonly count: number; close(): void },
): Promise<string | undefined> {
  const proxy = chosen(fleet.proxies, fault.victim);
  if (proxy === undefined) return undefined;
  const rule = make(proxy);
  await over();
  rule.close();
  return `${rule.count} times`;
}

/** Half of the jumps are of seconds, half of hours; forwards and back. */
function jumpOf(manner: number): number {
  const sign = manner < 0.5 ? -1 : 1;
  const part = (manner * 2) % 1;
  return Math.round(sign * (part < 0.5 ? 500 + part * 20_000 : part * 7_200_000));
}
