import type { JetStreamAccountStats } from "nats";
import { replySubject } from "../../protocols/index.ts";
import type { Node } from "../node.ts";
import type { ServerFlushes } from "../server/index.ts";
import type { NatsTransport } from "../transport/nats-transport.ts";
import type { Transport } from "../transport/transport.ts";
import { boxStream, recordsBucket } from "./stores.ts";

/** The server's word is waited for so long, in milliseconds; what it leaves unsaid is not known. */
const answerWithinMs = 2_000;

/**
 * Reports once what the work of this system's durable agents provably outlives, and what is stated besides. Does not reject.
 */
export async function stateLevel(node: Node, stated?: ServerFlushes): Promise<void> {
  const { transport } = node;
  if (transport.name === "memory") {
    const message =
      'Durable agents are kept in memory only: proven level "none". Nothing of them outlives this process';
    return node.report({ level: "warning", message });
  }
  // One of the user's own, or a simulated one: nothing is known of it.
  if (!("info" in transport)) return;
  try {
    // Loaded only where there is a server.
    const { provenLevel, runningServers, statedLevel } = await import("../server/index.ts");
    const ask = asking(node);
    const [account, replicas, running] = await Promise.all([
      ask<JetStreamAccountStats>("$JS.API.INFO"),
      replicasOf(node.system, ask),
      runningServers(),
    ]);
    const { info, url } = transport as NatsTransport;
    const sync = running.find((server) => server.url === url && server.version === info.version)?.sync;
    const { level, says, remedy } = provenLevel(info, { account, replicas, sync });
    const raised = remedy === undefined ? "" : `. To raise it: ${remedy}`;
    const besides = stated === undefined ? "" : `. ${statedLevel(stated, sync)}`;
    const message = `Durable agents at ${url}: ${says}${raised}${besides}`;
    if (!node.closed) node.report({ level: level === "none" ? "warning" : "info", message });
  } catch (error) {
    node.report({ level: "warning", message: "What durable agents outlive cannot be told", error });
  }
}

type Ask = <T>(subject: string) => Promise<T | undefined>;

interface StreamInfo {
  readonly config: { readonly num_replicas: number };
}

async function replicasOf(system: string, ask: Ask): Promise<number | undefined> {
  const names = [`KV_${recordsBucket(system).name}`, boxStream(system, 1).name];
  const infos = await Promise.all(names.map((name) => ask<StreamInfo>(`$JS.API.STREAM.INFO.${name}`)));
  const replicas = infos.map((info) => info?.config.num_replicas);
  return replicas.reduce((least, each) =>
    least === undefined || each === undefined ? undefined : Math.min(least, each),
  );
}

/** Asks the server, on subjects that a node may use. Undefined where it refuses, or does not answer. */
function asking({ transport, env, system, zone, incarnation }: Node): Ask {
  let count = 0;
  return <T>(subject: string) =>
    new Promise<T | undefined>((resolve) => {
      const inbox = replySubject(system, zone, `level-${incarnation}`, `a${count++}`);
      const end = (answer: T | undefined): void => {
        subscription.close();
        unlisten();
        timer.cancel();
        resolve(answer);
      };
      const subscription = transport.subscribe(inbox, ({ payload, unreachable }) =>
        end(unreachable ? undefined : answerIn<T>(payload)),
      );
      const unlisten = onClosed(transport, () => end(undefined));
      const timer = env.setTimer(answerWithinMs, () => end(undefined));
      if (transport.publish(subject, new Uint8Array(0), inbox) !== undefined) end(undefined);
    });
}

function onClosed(transport: Transport, closed: () => void): () => void {
  return transport.onEvent(({ type }) => {
    if (type === "closed") closed();
  });
}

function answerIn<T>(payload: unknown): T | undefined {
  if (!(payload instanceof Uint8Array)) return undefined;
  try {
    const answer = JSON.parse(Buffer.from(payload).toString()) as T & { readonly error?: unknown };
    return answer.error === undefined ? answer : undefined;
  } catch {
    return undefined;
  }
}
