import { type ActorDefinition, type DurabilityOptions, defineActor } from "../../../src/index.ts";
import { account, accountMachine } from "./account.ts";
import { alarm, alarmMachine } from "./alarm.ts";
import { caller, callerMachine } from "./caller.ts";
import { counter, counterMachine } from "./counter.ts";

/** What each type of agent speaks. */
export const protocols = { counter, account, alarm, caller } as const;
export type AgentType = keyof typeof protocols;

/** The types, to be hosted by any node. `volatile` where the harness itself is tried. */
export function catalogue(
  durability: "durable" | "volatile" | DurabilityOptions,
): Record<AgentType, ActorDefinition> {
  const inputOf = (_given: unknown, { self }: { readonly self: string }) => ({ self });
  return {
    counter: defineActor({ protocol: counter, machine: counterMachine, durability }),
    account: defineActor({ protocol: account, machine: accountMachine, durability, inputOf }),
    alarm: defineActor({ protocol: alarm, machine: alarmMachine, durability }),
    caller: defineActor({ protocol: caller, machine: callerMachine, durability, inputOf }),
  };
}
