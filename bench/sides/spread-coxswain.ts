import { createSystem, defineActor } from "coxswain";
import { worker } from "coxswain/actors";
import { crewMachine } from "coxswain/machines";
import { actorAddress, work as protocol } from "coxswain/protocols";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";
import { makespan, spread, work, workersEach } from "../kit/tasks.ts";

const addresses = [0, 1].flatMap((node) =>
  Array.from({ length: workersEach }, (_, i) => actorAddress(`hands${node}.w${i + 1}`)),
);
/** Asks to the crew at once; it holds back at most 1,000. */
const outstanding = 512;
/** Tasks that each worker is given, the one it works on included: the next is there when it is done, also where an answer is late. */
const ahead = 4;

/** The sides run at the same time, on one server. */
const systemOf = (side: string): string => side.replace(" ", "-");

await serveSide({
  far: async ({ url, index, side }: SideConfig) => {
    const system = await createSystem({ name: systemOf(side), node: `far${index}`, servers: url });
    const definition = worker(({ task }) => work(task as number).then(() => "done"));
    for (const address of addresses) {
      if (address.startsWith(`hands${index}.`)) await system.spawn(address, definition);
    }
    return { close: async () => void (await system.drain()) };
  },
  near: async ({ url, side, quick }: SideConfig) => {
    const system = await createSystem({ name: systemOf(side), node: "near", servers: url });
    const crew = defineActor({ protocol, machine: crewMachine });
    const ref = await system.spawn("crew", crew, { input: { workers: addresses, ahead } });
    const hands = addresses.map((address) => system.ref(address, protocol));
    const viaCrew = (times: readonly number[]): Promise<void> =>
      spread(times, outstanding, (task) => ref.ask({ type: "work", task }, { withinMs: 60_000 }));
    const direct = async (times: readonly number[]): Promise<void> => {
      const left = [...times].reverse();
      const lane = async (hand: (typeof hands)[number]): Promise<void> => {
        for (let task = left.pop(); task !== undefined; task = left.pop())
          await hand.ask({ type: "work", task }, { withinMs: 60_000 });
      };
      await Promise.all(
        Array.from({ length: ahead }, () => hands)
          .flat()
          .map(lane),
      );
    };
    return {
      round: (kind) => makespan(kind, quick, side.includes("crew") ? viaCrew : direct),
      close: async () => void (await system.drain()),
    };
  },
});
