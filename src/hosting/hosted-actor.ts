import { CoxswainError, type Protocol } from "../../protocols/index.ts";
import { type ActorDefinition, type ActorLimits, actorLimits } from "../actor.ts";
import { type HostingOptions, hostingOf } from "./hosting.ts";

/**
 * An actor whose code runs in a worker thread or a child process of its own, so that an endless loop or a heap
 * that blows up is killed at its limit while its neighbours go on. Its mailbox, questions, deadlines and watchers
 * stay in the node, so it is spawned, asked and watched as any other; the outcome of one at its limit is `killed`,
 * with a reason that names the limit. Only plain data crosses: `input`, messages and what it says.
 *
 * @example
 * const parser = hostedActor({ protocol: parsing, in: "process", module: new URL("./parser.js", import.meta.url) });
 * await system.spawn("parser", parser);
 * @example With an input: hostedActor<typeof parsing, { rules: string[] }>({ protocol: parsing, in: "thread", module })
 * @throws OPTION_INVALID
 */
export function hostedActor<const P extends Protocol, I = undefined>(
  options: { readonly protocol: P } & HostingOptions & Partial<ActorLimits>,
): ActorDefinition<P, I> {
  const { protocol } = options;
  if (typeof protocol?.tag !== "string") {
    throw new CoxswainError(
      "OPTION_INVALID",
      "Expected a protocol made by defineProtocol for a hosted actor",
    );
  }
  const behaviour = { kind: "hosted", hosting: hostingOf(options) } as const;
  return Object.freeze({ protocol, behaviour, limits: actorLimits(options) });
}
