/** What runs in the worker thread or child process of one hosted actor. Not for users. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CoxswainError, fromWireError, quote, toWireError } from "../../protocols/index.ts";
import type { ActorDefinition } from "../actor.ts";
import type { Behaviour } from "../behaviour.ts";
import type { Cell } from "../cell.ts";
import { ReducerHost } from "../reducer-host.ts";
import { Hosted } from "../xstate/host.ts";
import { usedBytesOf } from "./heap.ts";
import { plainError } from "./plain-error.ts";
import type { Order } from "./words.ts";
import { WorkerCell } from "./worker-cell.ts";
import { openWorkerLine } from "./worker-line.ts";

const line = openWorkerLine((order) => obey(order));
let cell: WorkerCell | undefined;

function obey(order: Order): void {
  switch (order.type) {
    case "begin":
      void begin(order);
      return;
    case "take":
      return take(order);
    case "cancel":
      return cell?.behaviour?.cancelCalls(order.id, fromWireError(order.reason));
    case "answered":
      return cell?.answered(order.request, order.answer);
    case "ping":
      if (order.collect) collectGarbage();
      return line.post({ type: "pong", usedBytes: usedBytesOf(), collected: order.collect });
    case "stop":
      cell?.stop();
      return line.close();
  }
}

async function begin({ address, module, name, protocol, input }: Order & { type: "begin" }): Promise<void> {
  try {
    const definition = await load(module, name, protocol);
    const made = new WorkerCell(address, definition.protocol, line.post);
    cell = made;
    made.start(() => behaviourOf(definition, made, input));
  } catch (error) {
    line.post({ type: "crashed", error: plainError(error) });
  }
}

function take({ event, cause, signal }: Order & { type: "take" }): void {
  const behaviour = cell?.behaviour;
  if (behaviour === undefined) return;
  cell?.take(cause, () => {
    // The state may have changed since the node looked.
    if (!signal && behaviour.postpones(event.type)) return "postponed";
    return (signal ? behaviour.signal(event) : behaviour.receive(event)) as "taken";
  });
}

async function load(module: string, name: string, protocol: string): Promise<ActorDefinition> {
  const found = await import(module).catch((error: unknown) => {
    const { message } = toWireError(error);
    throw new CoxswainError("OPTION_INVALID", `Module ${module} could not be loaded: ${message}`);
  });
  const definition: unknown = (found as Record<string, unknown>)[name];
  if (!isDefinition(definition)) {
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected ${module} to export an actor made by defineActor as ${quote(name)}, got ${quote(definition)}`,
    );
  }
  if (definition.protocol.tag === protocol) return definition;
  const text = `Expected ${quote(name)} of ${module} to speak ${protocol}, it speaks ${definition.protocol.tag}`;
  throw new CoxswainError("OPTION_INVALID", text);
}

function isDefinition(value: unknown): value is ActorDefinition {
  const { behaviour, protocol } = (value ?? {}) as Partial<ActorDefinition>;
  return protocol !== undefined && (behaviour?.kind === "logic" || behaviour?.kind === "reducer");
}

function behaviourOf({ behaviour }: ActorDefinition, made: WorkerCell, input: unknown): Behaviour {
  if (behaviour.kind === "logic") return new Hosted(behaviour.logic, made, input);
  if (behaviour.kind === "reducer") return new ReducerHost(behaviour.reducer, made as unknown as Cell, input);
  throw new CoxswainError("OPTION_INVALID", "A hosted actor cannot be hosted once more");
}

let gc: (() => void) | undefined;

function collectGarbage(): void {
  if (gc === undefined) {
    setFlagsFromString("--expose-gc");
    gc = runInNewContext("gc") as () => void;
    setFlagsFromString("--no-expose-gc");
  }
  gc();
}
