import {
  AckPolicy,
  connect,
  DiscardPolicy,
  type JetStreamClient,
  type JsMsg,
  type NatsConnection,
  nanos,
  RetentionPolicy,
  StorageType,
} from "nats";
import { loadOf, sendAll, withCosts } from "../kit/durable.ts";
import { askMany, text200 } from "../kit/loops.ts";
import { type Figures, type SideConfig, serveSide } from "../kit/serve-side.ts";

const box = "raw_box";
const agents = "raw_agents";
const done = "raw.durable.done";
const encoder = new TextEncoder();

interface State {
  readonly count: number;
  readonly seen: number;
}

/** An agent by hand: its state with the last entry it has seen, under one key. */
interface Agent {
  readonly key: string;
  state: State;
  revision: number;
  writing: boolean;
  waiting: JsMsg[];
}

/**
 * The same by hand with the `nats` client, and no more than is needed: an inbox that is a stream, state in a key-value bucket,
 * one compare-and-set for all that has come for an agent meanwhile, acknowledgements and answers after it. No checks of what is
 * sent, no placement, no fencing by takeover, no machine.
 */
await serveSide({
  far: async ({ url }: SideConfig) => {
    const nc = await connect({ servers: url });
    const jsm = await nc.jetstreamManager();
    await jsm.streams.add({
      name: box,
      subjects: ["raw.box.>"],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
    });
    await jsm.streams.add({
      name: `KV_${agents}`,
      subjects: [`$KV.${agents}.>`],
      max_msgs_per_subject: 1,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
    });
    await jsm.consumers.add(box, {
      durable_name: "owner",
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(30_000),
      max_ack_pending: 16_000,
    });
    const js = nc.jetstream();
    await consume(nc, js);
    return { close: () => nc.close() };
  },
  near: async (config: SideConfig) => {
    const { url } = config;
    const nc = await connect({ servers: url, noAsyncTraces: true });
    const js = nc.jetstream();
    const payload = bytesOf({ by: 1, note: text200 });
    const ask = asking(nc, js);
    return {
      round: async (round) => {
        const load = loadOf(round, config);
        if (round.startsWith("asked")) {
          let next = 0;
          const asks = (): Promise<Figures> =>
            askMany(() => ask(next++ % load.agents), load.messages, load.outstanding);
          return withCosts(load, config, asks);
        }
        const worked = await nc.request(done, "0", { timeout: 60_000 });
        const target = Number(worked.string()) + load.messages;
        return withCosts(load, config, async () => {
          await sendAll(load, (agent) => js.publish(`raw.box.a${agent}`, payload));
          await nc.request(done, String(target), { timeout: 120_000 });
          return undefined;
        });
      },
      close: () => nc.close(),
    };
  },
});

interface Add {
  readonly by: number;
  readonly note: string;
  /** Where the answer is awaited; a JetStream publish has another use for its reply subject. */
  readonly reply?: string;
}

function bytesOf(value: Add | State): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

function read(data: Uint8Array): Add {
  return JSON.parse(Buffer.from(data).toString()) as Add;
}

/** Resolves with the answer that comes when the agent's state is stored. */
function asking(nc: NatsConnection, js: JetStreamClient): (agent: number) => Promise<unknown> {
  const waiting = new Map<string, (count: number) => void>();
  let asked = 0;
  nc.subscribe("raw.durable.inbox.*", {
    callback: (_error, message) => {
      waiting.get(message.subject)?.(Number(message.string()));
      waiting.delete(message.subject);
    },
  });
  return async (agent) => {
    const reply = `raw.durable.inbox.${asked++}`;
    const answered = new Promise((resolve) => waiting.set(reply, resolve));
    await js.publish(`raw.box.a${agent}`, bytesOf({ by: 1, note: text200, reply }));
    return answered;
  };
}

async function consume(nc: NatsConnection, js: JetStreamClient): Promise<void> {
  const all = new Map<string, Agent>();
  let worked = 0;
  let waiting: { readonly target: number; readonly answer: () => void } | undefined;
  nc.subscribe(done, {
    callback: (_error, message) => {
      waiting = { target: Number(message.string()), answer: () => void message.respond(String(worked)) };
      told();
    },
  });
  const told = (): void => {
    if (waiting === undefined || worked < waiting.target) return;
    waiting.answer();
    waiting = undefined;
  };
  const commit = async (agent: Agent): Promise<void> => {
    agent.writing = true;
    while (agent.waiting.length > 0) {
      const batch = agent.waiting;
      agent.waiting = [];
      for (const { data, seq } of batch) {
        const { by } = read(data);
        agent.state = { count: agent.state.count + by, seen: seq };
      }
      const stored = await js.publish(`$KV.${agents}.${agent.key}`, bytesOf(agent.state), {
        expect: { lastSubjectSequence: agent.revision },
      });
      agent.revision = stored.seq;
      for (const message of batch) {
        const { reply } = read(message.data);
        if (reply !== undefined) nc.publish(reply, String(agent.state.count));
        message.ack();
      }
      worked += batch.length;
      told();
    }
    agent.writing = false;
  };
  const consumer = await js.consumers.get(box, "owner");
  await consumer.consume({
    max_messages: 4_000,
    callback: (message) => {
      const key = message.subject.slice("raw.box.".length);
      let agent = all.get(key);
      if (agent === undefined) {
        agent = { key, state: { count: 0, seen: 0 }, revision: 0, writing: false, waiting: [] };
        all.set(key, agent);
      }
      agent.waiting.push(message);
      if (!agent.writing) void commit(agent);
    },
  });
}
