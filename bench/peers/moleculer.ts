import { Arrivals, askMany, tellMany, text200 } from "../kit/loops.ts";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";
import { makespan, spread, work, workersEach } from "../kit/tasks.ts";

interface Context {
  readonly params: { readonly text: string; readonly count: number; readonly ms: number };
}
interface Broker {
  start(): Promise<void>;
  stop(): Promise<void>;
  waitForServices(names: readonly string[]): Promise<void>;
  createService(schema: object): void;
  call(action: string, params: object): Promise<unknown>;
  emit(event: string, params?: object): unknown;
}

async function broker({ url }: SideConfig, nodeID: string): Promise<Broker> {
  // A name the compiler does not look up: the package is there only once the bench has installed it.
  const name: string = "moleculer";
  const { ServiceBroker } = await import(name);
  return new ServiceBroker({
    nodeID,
    namespace: "bench",
    logger: false,
    transporter: url,
    requestTimeout: 60_000,
    registry: { strategy: "RoundRobin", preferLocal: false },
  });
}

async function far(config: SideConfig): Promise<{ close: () => Promise<void> }> {
  const own = await broker(config, `far-${config.index}`);
  let left = 0;
  own.createService({
    name: "actor",
    actions: {
      say: ({ params: { text } }: Context) => ({ text }),
      expect: ({ params: { count } }: Context) => {
        left = count;
      },
    },
    events: {
      "sink.add": {
        handler: () => {
          if (--left === 0) own.emit("sink.complete");
        },
      },
    },
  });
  let busy = 0;
  const waiting: (() => void)[] = [];
  own.createService({
    name: "work",
    actions: {
      run: async ({ params: { ms } }: Context) => {
        if (busy >= workersEach) await new Promise<void>((resolve) => waiting.push(resolve));
        busy++;
        await work(ms);
        busy--;
        waiting.shift()?.();
      },
    },
  });
  await own.start();
  return { close: () => own.stop() };
}

await serveSide({
  far,
  near: async (config: SideConfig) => {
    const { quick } = config;
    const own = await broker(config, "near");
    const complete = new Arrivals();
    own.createService({ name: "hears", events: { "sink.complete": { handler: () => complete.one() } } });
    await own.start();
    await own.waitForServices(["actor"]);
    // Events sent before discovery has settled are lost, and it does not say when it has.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const ask = (): Promise<unknown> => own.call("actor.say", { text: text200 });
    const run = (ms: number): Promise<unknown> => own.call("work.run", { ms });
    const tells = async (): Promise<number> => {
      const total = quick ? 10_000 : 200_000;
      await own.call("actor.expect", { count: total });
      return tellMany(
        total,
        (i) => void own.emit("sink.add", { i }),
        () => complete.expect(1),
      );
    };
    return {
      round: async (name) => {
        if (name === "x1") return askMany(ask, quick ? 200 : 4_000, 1);
        if (name === "x64") return askMany(ask, quick ? 2_000 : 40_000, 64);
        if (name !== "far") return makespan(name, quick, (times) => spread(times, times.length, run));
        return { perSecond: await tells() };
      },
      close: () => own.stop(),
    };
  },
});
