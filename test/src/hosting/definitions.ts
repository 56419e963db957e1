import { type ActorDefinition, type HostingOptions, hostedActor } from "../../../src/index.ts";
import { clerk, clerkActor, tallyActor } from "./clerk.ts";

export const module: URL = new URL("./clerk.ts", import.meta.url);
export const walls = ["thread", "process"] as const;
export const places = ["plain", ...walls] as const;
export type Place = (typeof places)[number];
export type Clerk = ActorDefinition<typeof clerk, { notes: readonly string[] } | undefined>;

/** The clerk, or its reducer, where it is to run. */
export function clerkIn(
  place: Place,
  options: Partial<HostingOptions> & { readonly waitingMax?: number } = {},
): Clerk {
  const { name = "clerkActor" } = options;
  if (place === "plain") return name === "clerkActor" ? clerkActor : (tallyActor as unknown as Clerk);
  // A busy machine may take its time to start a worker.
  return hostedActor({ protocol: clerk, module, name, startMaxMs: 30_000, ...options, in: place });
}
