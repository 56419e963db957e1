import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type NatsProxy, natsProxy } from "../../../src/testing/proxy/index.ts";
import type { CommitLine, EffectLine, StateLine } from "../history/lines.ts";
import { agentsOf, type Scenario, type WorkloadOptions } from "../workload/workload-options.ts";
import { type Child, startChild } from "./child.ts";
import { FleetNode } from "./fleet-node.ts";
import { makeNamespace } from "./namespace.ts";
import type { PlantedBug } from "./planted-bugs.ts";
import { RecordWatch } from "./record-watch.ts";
import { Servers } from "./servers.ts";

export interface FleetOptions {
  readonly folder: string;
  readonly servers: 1 | 3;
  readonly nodes: number;
  readonly leaseMs: number;
  readonly keys: number;
  readonly scenarios: readonly Scenario[];
  readonly seed: number;
  /** Have the connections of the client and the nodes go through a proxy. */
  readonly proxies: boolean;
  /** Have the last node live in a namespace of its own, whose link can be cut. It goes past the proxies. */
  readonly namespace: boolean;
  /** Planted into every node. */
  readonly bug: PlantedBug | undefined;
  /** Volatile agents on the first node: to try the harness itself. */
  readonly volatile: boolean;
}

/** What the client has sent so far, and how that ended. */
export interface Counts {
  readonly sent: number;
  readonly taken: number;
  readonly refused: number;
  readonly unknown: number;
  readonly tries: number;
}

/** All processes of a run: servers, proxies, nodes, the client, and the outside world. Nothing of them outlives it. */
export class Fleet implements AsyncDisposable {
  readonly servers: Servers;
  readonly proxies: readonly NatsProxy[];
  readonly nodes: readonly FleetNode[];
  /** What should never happen, besides findings. */
  readonly problems: string[];
  /** Why there is no namespace, where one was wanted. */
  readonly withoutNamespace: string | undefined;
  /** Why no packets can be lost. */
  readonly withoutLoss: string | undefined;
  readonly #client: Child;
  readonly #effectsUrl: string;
  readonly #records: RecordWatch | undefined;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    parts: Pick<Fleet, "servers" | "proxies" | "nodes" | "problems" | "withoutNamespace" | "withoutLoss">,
    own: Own,
  ) {
    this.servers = parts.servers;
    this.proxies = parts.proxies;
    this.nodes = parts.nodes;
    this.problems = parts.problems;
    this.withoutNamespace = parts.withoutNamespace;
    this.withoutLoss = parts.withoutLoss;
    this.#client = own.client;
    this.#effectsUrl = own.effectsUrl;
    this.#records = own.records;
    this.#stack = own.stack;
  }

  /** Resolves when every node is up, and the client is ready. */
  static async start(options: FleetOptions): Promise<Fleet> {
    await using stack = new AsyncDisposableStack();
    const { folder, scenarios, keys, seed, leaseMs } = options;
    await mkdir(folder, { recursive: true });
    const logFile = (name: string): string => join(folder, `${name}.log`);
    const problems: string[] = [];
    const servers = stack.use(await Servers.start({ folder, count: options.servers }));
    const proxies: NatsProxy[] = [];
    for (const target of options.proxies ? servers.urls : [])
      proxies.push(stack.use(await natsProxy({ target })));
    const urls = proxies.length === 0 ? servers.urls : proxies.map(({ url }) => url);

    const effects = stack.use(startChild("effects/main.ts", [String(seed)], { logFile: logFile("effects") }));
    const effectsUrl = String((await effects.next("ready")).url);
    const effectsPort = new URL(effectsUrl).port;
    const made = options.namespace ? await makeNamespace(1) : undefined;
    const namespace = typeof made === "object" ? stack.use(made) : undefined;

    const system = "prove";
    const connection = { replicas: options.servers };
    const agents = scenarios.flatMap((scenario) => agentsOf(scenario, keys));
    const nodeOf = (index: number): FleetNode => {
      const node = `n${index + 1}`;
      const own = index === options.nodes - 1 ? namespace : undefined;
      const host = own?.hostAddress ?? "127.0.0.1";
      const directly = servers.ports.map((port) => `nats://${host}:${port}`);
      const bug = options.bug === undefined ? {} : { bug: options.bug };
      const volatile = options.volatile ? { volatile: index === 0 ? agents : [] } : {};
      return new FleetNode(
        {
          system,
          node,
          leaseMs,
          connection,
          servers: own === undefined ? urls : directly,
          ...volatile,
          ...bug,
        },
        {
          logFile: logFile(node),
          env: { EFFECTS_URL: `http://${host}:${effectsPort}` },
          ...(own === undefined ? {} : { namespace: own.name }),
        },
        own,
        (text) => problems.push(text),
      );
    };
    const nodes = Array.from({ length: options.nodes }, (_, index) => stack.use(nodeOf(index)));
    await Promise.all(nodes.map((node) => node.start(3)));

    const workload: WorkloadOptions = {
      system,
      servers: urls,
      leaseMs,
      connection,
      folder,
      scenarios,
      keys,
      seed,
    };
    const client = stack.use(
      startChild("workload/workload-program.ts", [JSON.stringify(workload)], { logFile: logFile("client") }),
    );
    await client.next("ready");
    const withoutNamespace = typeof made === "string" ? made : undefined;
    const records = options.volatile ? undefined : stack.use(await RecordWatch.start(servers.urls, system));
    const own = { client, effectsUrl, records, stack: stack.move() };
    const withoutLoss = withoutNamespace ?? namespace?.withoutLoss;
    return new Fleet({ servers, proxies, nodes, problems, withoutNamespace, withoutLoss }, own);
  }

  /** The client begins to send. */
  begin(): void {
    this.#client.send({ type: "start" });
  }

  /** The client sends no more. Resolves when all it sent has ended, at the latest after `withinMs` and the time of one question. */
  async end(withinMs: number): Promise<void> {
    const stopped = this.#client.next("stopped");
    this.#client.send({ type: "stop", withinMs });
    await stopped;
  }

  async counts(): Promise<Counts> {
    const counts = this.#client.next("counts");
    this.#client.send({ type: "count" });
    return (await counts).counts as Counts;
  }

  /** What the agents say of themselves; those that do not answer are left out. */
  async states(): Promise<StateLine[]> {
    const states = this.#client.next("states");
    this.#client.send({ type: "read" });
    return (await states).states as StateLine[];
  }

  /** The writes of agents' records that were seen. */
  get commits(): readonly CommitLine[] {
    return this.#records?.commits ?? [];
  }

  async effects(): Promise<EffectLine[]> {
    return (await (await fetch(`${this.#effectsUrl}/effects`)).json()) as EffectLine[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    // What the processes printed last is still on its way to the files.
    await pause(50);
  }
}

interface Own {
  readonly client: Child;
  readonly effectsUrl: string;
  readonly records: RecordWatch | undefined;
  readonly stack: AsyncDisposableStack;
}
