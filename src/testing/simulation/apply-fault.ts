import type { Fault } from "./faults.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import type { SimulatedServer } from "./simulated-server.ts";
import type { VirtualClock } from "./virtual-clock.ts";

interface Place {
  readonly clock: VirtualClock;
  readonly server: SimulatedServer;
  readonly note: (text: string) => void;
  node(name: string): SimulatedNode;
}

/** Sets the clock for a fault to happen, and to end. Two of a kind at once: the later end of both holds. */
export function applyFault(fault: Fault, place: Place): void {
  const { clock } = place;
  clock.schedule(fault.atMs, () => begin(fault, place));
}

function begin(fault: Fault, { clock, server, note, node }: Place): void {
  const later = (forMs: number, end: () => void): void => void clock.schedule(clock.nowMs + forMs, end);
  switch (fault.kind) {
    case "partition": {
      const { direction = "both", forMs } = fault;
      const victim = node(fault.node);
      const [up, down] = [direction !== "down", direction !== "up"];
      victim.change(`cut off (${direction})`, () => {
        if (up) victim.weather.stalledUp += 1;
        if (down) victim.weather.stalledDown += 1;
      });
      return later(forMs, () =>
        victim.change(`can be reached again (${direction})`, () => {
          if (up) victim.weather.stalledUp -= 1;
          if (down) victim.weather.stalledDown -= 1;
        }),
      );
    }
    case "reset":
      note(`${fault.node}: its connection is reset`);
      return node(fault.node).reset();
    case "slow": {
      const { weather } = node(fault.node);
      note(`${fault.node} is slow, by ${fault.byMs} ms`);
      weather.extraMs += fault.byMs;
      return later(fault.forMs, () => {
        weather.extraMs -= fault.byMs;
      });
    }
    case "pause":
      return node(fault.node).pause(fault.forMs);
    case "kill":
      return node(fault.node).killAfter(fault.steps, fault.silent, fault.restartAfterMs);
    case "clockJump":
      note(`${fault.node}: its wall clock jumps by ${fault.byMs} ms`);
      return node(fault.node).process.jump(fault.byMs);
    case "serverRestart":
    case "powerCut":
      if (!server.up) return;
      note(`the server ends (${fault.kind})`);
      server.stop(fault.kind === "powerCut" ? fault.lostMs : 0);
      return later(fault.forMs, () => {
        note("the server is back");
        server.start();
      });
    case "storeGap":
      note("the store has no leader");
      return server.gap(fault.forMs);
    case "storeLoss":
      note("the store loses requests and answers");
      return server.loseAnswers(fault.forMs, fault.probability);
    case "hostile": {
      const { weather } = node(fault.node);
      note(`${fault.node}: its line is hostile`);
      const { drop, duplicate, reorder } = fault;
      const hostility = { drop, duplicate, reorder };
      weather.hostility = hostility;
      return later(fault.forMs, () => {
        if (weather.hostility === hostility) weather.hostility = undefined;
      });
    }
  }
}
