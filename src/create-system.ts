import { hostname } from "node:os";
import {
  CoxswainError,
  control,
  isCoxswainError,
  type NodeInfo,
  nameToken,
  nodeAddress,
  nodeLifecycle,
  quote,
  systemName,
} from "../protocols/index.ts";
import type { ActorDefinition } from "./actor.ts";
import { type AuditOptions, auditOptionsOf } from "./audit/index.ts";
import { Cell } from "./cell.ts";
import { DeadLetters, deadLetterStream } from "./dead-letters.ts";
import { type DurableOptions, Durables } from "./durable/durables.ts";
import { boxBytesMaxDefault } from "./durable/stores.ts";
import { type Env, realEnv } from "./env/env.ts";
import { publishFact } from "./facts.ts";
import { Family } from "./family.ts";
import { Node, type Report } from "./node.ts";
import { nodeActor } from "./node-actor.ts";
import { type NodeRecord, Registry } from "./registry.ts";
import type { ServerFlushes } from "./server/index.ts";
import { ActorSystem } from "./system.ts";
import { telemetryOf } from "./telemetry.ts";
import { type Opened, openTransport, type TransportChoice } from "./transport/open.ts";
import { valueOrThrow } from "./transport/outcomes.ts";

export interface SystemOptions extends TransportChoice {
  /** The system's name, a token: systems of different names on one server never hear each other. */
  readonly name: string;
  /** This process's name in the system; unique among its live nodes. Default: made up. */
  readonly node?: string;
  /** The trust zone this node sends from; default "main". */
  readonly zone?: string;
  /** How long a silent node is taken for alive, in milliseconds; default 3,000, at least 300. It renews three times within it. */
  readonly leaseMs?: number;
  /** Publish `changed` at each state change of each actor; default false. */
  readonly changes?: boolean;
  /**
   * The actors that may be started here by name: by supervisors on other nodes, and by child specs that are data.
   * Code does not travel: every node that may host one has it in its own catalogue.
   */
  readonly actors?: Readonly<Record<string, ActorDefinition>>;
  /** What this node has that durable types may need: labels like "gpu". */
  readonly labels?: readonly string[];
  /** Parts into which the durable agents of a group are divided among nodes, where the system has no durable type yet; default 16. */
  readonly shards?: number;
  /** Messages that may wait for one durable agent; default 10,000. Where its inboxes were made before, what was said then holds. */
  readonly durableWaitingMax?: number;
  /**
   * What the inboxes of all durable agents may come to, in bytes; beyond it nothing is taken (STORE_FULL). The server sets them aside;
   * where it has less, no node that hosts any can start. Holds likewise; default 512 MiB.
   */
  readonly durableInboxesMaxBytes?: number;
  /** Durable agents in this node's memory; beyond it those that rest leave, the idlest first; default 10,000. */
  readonly durableActiveMax?: number;
  /** What the records of durable agents in this node's memory may come to, in bytes; beyond it likewise; default 256 MiB. */
  readonly durableActiveMaxBytes?: number;
  /**
   * How the servers flush to disk, where they are not ours and it cannot be seen: it is said at the start, as stated by you, what would
   * outlive a power cut. Nothing is done otherwise.
   */
  readonly serverFlushes?: ServerFlushes;
  /** How much is kept of what is decided, and what never is. Where its stream was made before, what was said then holds. */
  readonly audit?: Partial<AuditOptions>;
  /** What happened besides: default writes warnings and errors to standard error. */
  readonly onReport?: (report: Report) => void;
  /** Time, chance and ids; default the machine's own. */
  readonly env?: Env;
}

/**
 * Joins a system of actors, or founds it. Without `servers`, `transport` or NATS_URL an own nats-server is
 * started, and ends with this process. The caller closes it: `await using system = await createSystem({ name })`.
 *
 * @throws OPTION_INVALID; SERVER_NOT_FOUND, SERVER_FAILED; ADDRESS_TAKEN for a node name in use; STORE_FAILED
 */
export async function createSystem(options: SystemOptions): Promise<ActorSystem> {
  const env = options.env ?? realEnv;
  const record: NodeRecord = {
    node: nodeName(options.node ?? `n${env.uniqueId().slice(0, 6)}`),
    incarnation: env.uniqueId().slice(0, 12),
    zone: nameToken("a zone", options.zone ?? "main"),
    pid: process.pid,
    host: hostname(),
    startedAtMs: env.nowMs(),
    leaseMs: leaseOf(options.leaseMs ?? 3_000),
  };
  const name = systemName(options.name);
  const onReport = options.onReport ?? reportToStderr;
  const warn = (message: string): void => onReport({ level: "warning", message });
  const opened = await openTransport(options, `${name}/${record.node}`, env, warn);
  try {
    const node = new Node({
      system: name,
      name: record.node,
      zone: record.zone,
      incarnation: record.incarnation,
      env,
      transport: opened.transport,
      facts: { changed: options.changes ?? false },
      telemetry: telemetryOf(env),
      catalogue: new Map(Object.entries(options.actors ?? {})),
      onReport,
      auditOptions: auditOptionsOf(options.audit),
    });
    return await join(node, record, opened, options);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function join(
  node: Node,
  record: NodeRecord,
  opened: Opened,
  options: SystemOptions,
): Promise<ActorSystem> {
  const { store } = opened.transport;
  const letters = deadLetterStream(node.system);
  const open = () =>
    Promise.all([store.bucket(`cx_${node.system}`), store.stream(letters.name, letters.options)]);
  const [bucket, stream] = await open();
  const self = nodeAddress(record.node);
  let durables: Durables | undefined;
  node.deadLetters = new DeadLetters(node, valueOrThrow(stream));
  const registry = new Registry(valueOrThrow(bucket), record, node.env, {
    nodeUp: (other) => {
      publishFact(node, self, "nodeUp", { node: other.node }, nodeLifecycle);
      durables?.directory.membersChanged();
    },
    nodeDown: (gone, reason, roots) => {
      durables?.directory.membersChanged();
      publishFact(node, self, "nodeDown", { node: gone.node, reason }, nodeLifecycle);
      node.watches.nodeDown(gone.node, roots);
      // One that is only taken for lost may come back, and does not know that it was forgotten.
      if (reason === "left") for (const cell of node.cells.values()) cell.forgetWatchers(gone.incarnation);
      node.asks.nodeDown(gone.node, roots);
    },
    uncertain: (roots) => node.watches.uncertain(roots),
    rootMoved: (root, from) => {
      node.watches.nodeDown(from, [root]);
      node.asks.nodeDown(from, [root]);
    },
    answers: (gone) => answers(node, gone),
    reopen: async () => {
      const opened = await open();
      return opened.find(({ kind }) => kind !== "ok") ?? opened[0];
    },
    rootLost: (root, owner) => node.roots.lose(root, owner),
    failed: (error) =>
      node.report({ level: "warning", message: `The lease was not renewed: ${error.message}`, error }),
  });
  node.registry = registry;
  node.actorsFor = (cell) => new Family(cell);
  node.open();
  try {
    durables = await Durables.open(node, durableOptionsOf(options, record.leaseMs));
    node.durable = durables;
    await registry.join();
  } catch (error) {
    // A transport that was given stays open: nothing of ours may stay on it.
    durables?.close();
    registry.close();
    node.close();
    throw error;
  }
  const system = new ActorSystem(node, opened, registry, durables);
  const own = new Cell(
    node,
    self,
    nodeActor(node, record, () => durables?.inMemory() ?? []) as ActorDefinition,
    undefined,
  );
  await registry.claim(own.address);
  node.roots.enter(own);
  own.start();
  await node.roots.opening(own);
  try {
    await durables.start();
  } catch (error) {
    await system.drain({ withinMs: 0 });
    throw error;
  }
  return system;
}

function durableOptionsOf(options: SystemOptions, leaseMs: number): DurableOptions {
  const {
    labels = [],
    shards,
    durableWaitingMax = 10_000,
    durableInboxesMaxBytes = boxBytesMaxDefault,
    durableActiveMax = 10_000,
    durableActiveMaxBytes = 256 * 1_048_576,
  } = options;
  for (const [name, value] of Object.entries({
    durableWaitingMax,
    durableInboxesMaxBytes,
    durableActiveMax,
    durableActiveMaxBytes,
  })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new CoxswainError(
        "OPTION_INVALID",
        `Expected ${name} to be a whole number >= 1, got ${quote(value)}`,
      );
  }
  return {
    leaseMs,
    labels,
    shards,
    waitingMax: durableWaitingMax,
    inboxesMaxBytes: durableInboxesMaxBytes,
    serverFlushes: flushesOf(options.serverFlushes),
    activeMax: durableActiveMax,
    activeMaxBytes: durableActiveMaxBytes,
  };
}

function flushesOf(stated: ServerFlushes | undefined): ServerFlushes | undefined {
  if (stated === undefined || stated === "always" || (stated !== null && stated.everyMs > 0)) return stated;
  const text = `Expected serverFlushes to be "always" or { everyMs } above 0, got ${quote(stated)}`;
  throw new CoxswainError("OPTION_INVALID", text);
}

async function answers(node: Node, record: NodeRecord): Promise<boolean> {
  const asked = node.asks.ask(
    { from: "" },
    control,
    nodeAddress(record.node),
    { type: "describe" },
    { withinMs: record.leaseMs / 3 },
  );
  return asked.then((info) => (info as NodeInfo).incarnation === record.incarnation).catch(() => false);
}

/** A node is an address too, with a prefix. */
function nodeName(name: string): string {
  nameToken("a node name", name);
  if (name.length <= 59) return name;
  throw new CoxswainError(
    "OPTION_INVALID",
    `Expected a node name of at most 59 characters, got ${quote(name)}`,
  );
}

function leaseOf(leaseMs: number): number {
  if (Number.isFinite(leaseMs) && leaseMs >= 300) return leaseMs;
  throw new CoxswainError("OPTION_INVALID", `Expected leaseMs to be a number >= 300, got ${quote(leaseMs)}`);
}

function reportToStderr(report: Report): void {
  if (report.level === "info") return;
  const cause = isCoxswainError(report.error) ? ` [${report.error.code}]` : "";
  process.stderr.write(`coxswain ${report.level}: ${report.message}${cause}\n`);
}
