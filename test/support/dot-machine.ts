import { createMachine, emit } from "xstate";
import { z } from "zod";
import { defineProtocol } from "../../protocols/index.ts";
import { type ActorDefinition, defineActor } from "../../src/index.ts";
import type { Mealy } from "./dot-mealy.ts";

const emits = { output: z.object({ text: z.string() }) };

/** A table as an actor: each input is a message, each output an event that is emitted. */
export function dotMachine(mealy: Mealy) {
  const typeOf = messageTypes(mealy.inputs);
  const protocol = defineProtocol({
    name: "mealy",
    accepts: Object.fromEntries([...typeOf.values()].map((type) => [type, z.object({})])),
    emits,
  });
  const machine = machineFor(mealy, typeOf);
  return {
    protocol,
    machine,
    definition: defineActor({ protocol, machine: machine as never }) as ActorDefinition<typeof protocol>,
    typeOf: (input: string) => typeOf.get(input) as string,
    inputOf: (type: string) => [...typeOf].find(([, name]) => name === type)?.[0] as string,
    /** Another table over the same inputs as a machine, to be told apart from this one. */
    variant: (other: Mealy) => machineFor(other, typeOf),
  };
}

function machineFor({ start, table }: Mealy, typeOf: ReadonlyMap<string, string>) {
  const states = [...table].map(([state, rows]) => [
    state,
    {
      on: Object.fromEntries(
        [...rows].map(([input, { target, output }]) => [
          typeOf.get(input),
          { target, actions: emit({ type: "output", text: output }) },
        ]),
      ),
    },
  ]);
  return createMachine({ id: "mealy", initial: start, states: Object.fromEntries(states) });
}

/** `ACK+RST(V,V,0)` is no word that can be sent: `ackRstVV0` is. */
function messageTypes(inputs: readonly string[]): Map<string, string> {
  const taken = new Map<string, string>();
  for (const input of inputs) {
    const words = input.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
    const camel = words.map((word) => (word[0] as string).toUpperCase() + word.slice(1)).join("");
    const type = camel.replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (head) => head.toLowerCase());
    const first = /^[a-z]/.test(type) ? type : `input${type}`;
    const isTaken = (name: string): boolean => [...taken.values()].includes(name);
    let name = first;
    for (let n = 2; isTaken(name); n++) name = `${first}N${n}`;
    taken.set(input, name);
  }
  return taken;
}
