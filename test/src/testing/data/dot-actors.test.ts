import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ActorSystem, createSystem } from "../../../../src/index.ts";
import { dotMachine } from "../../../support/dot-machine.ts";
import { type Mealy, outputsOf, readDot } from "../../../support/dot-mealy.ts";
import { type DotMutant, sampleMutants } from "../../../support/dot-mutants.ts";
import { seededRandom } from "../../../support/simulated-env.ts";
import { sharedData } from "./shared-data.ts";

const { folder, present, note } = sharedData("state-machines");
const files = present ? readdirSync(folder).filter((file) => file.endsWith(".dot")) : [];
const machines = files.map((file) => readDot(file.slice(0, -4), readFileSync(join(folder, file), "utf8")));
const seed = Number(process.env.WORDS_SEED ?? 1);
const words = 1_000;
const stepsMax = 20;

type Made = ReturnType<typeof dotMachine>;

function randomWord(inputs: readonly string[], random: () => number): string[] {
  const length = 1 + Math.floor(random() * stepsMax);
  return Array.from({ length }, () => inputs[Math.floor(random() * inputs.length)] as string);
}

/** What an actor born for one word emits on it. */
async function spoken(
  system: ActorSystem,
  address: string,
  { protocol, definition, typeOf }: Made,
  word: readonly string[],
  count: number,
): Promise<string[]> {
  const heard: string[] = [];
  const ref = system.ref(address, protocol);
  const listening = ref.on("output", ({ text }: { text: string }) => void heard.push(text));
  await system.spawn(address, definition);
  for (const input of word) ref.tell({ type: typeOf(input) } as never);
  await expect.poll(() => heard.length, { interval: 1, timeout: 5_000 }).toBeGreaterThanOrEqual(count);
  await ref.stop();
  listening.close();
  return heard;
}

describe.skipIf(!present)(`learned machines as actors${note}`, () => {
  test.each(machines.map((mealy) => ({ name: mealy.name, mealy })))(
    `$name gives the outputs of its table on ${words} random words (seed ${seed})`,
    async ({ mealy }) => {
      const random = seededRandom(seed);
      const made = dotMachine(mealy);
      await using system = await createSystem({ name: "words", transport: "memory" });
      for (let n = 0; n < words; n++) {
        const word = randomWord(mealy.inputs, random);
        const expected = outputsOf(mealy, word);
        const heard = await spoken(system, `word${n}`, made, word, expected.length);
        expect(heard, word.join(" ")).toEqual(expected);
      }
      expect(system.counts.refused + system.counts.dead).toBe(0);
    },
    60_000,
  );

  test("one that differs in a single output is found out", async () => {
    const [mealy] = machines as [Mealy];
    const random = seededRandom(seed);
    const mutant = sampleMutants(mealy, 1, random)[0] as DotMutant;
    await using system = await createSystem({ name: "words", transport: "memory" });
    let differing = 0;
    for (let n = 0; n < 50; n++) {
      const word = randomWord(mealy.inputs, random);
      const expected = outputsOf(mealy, word);
      const heard = await spoken(system, `word${n}`, dotMachine(mutant.mealy), word, expected.length);
      if (heard.join() !== expected.join()) differing++;
    }
    expect(differing).toBeGreaterThan(0);
  });
});
