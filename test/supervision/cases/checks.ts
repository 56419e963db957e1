import type { Rig } from "../rig.ts";

/** S45 and S46: what is wrong with flags and specs. */

export async function s45(rig: Rig): Promise<unknown> {
  const flags = {
    strategyUnknown: { strategy: "nope" },
    intensityInfinity: { intensity: Number.POSITIVE_INFINITY },
    intensityNegative: { intensity: -1 },
    intensityFraction: { intensity: 1.5 },
    periodZero: { periodMs: 0 },
    periodFraction: { periodMs: 1.5 },
    autoShutdownUnknown: { autoShutdown: "sometimes" },
  };
  return namesOf(flags, (each) => rig.faultOf(each, []));
}

export async function s46(rig: Rig): Promise<unknown> {
  const good = rig.probe("a");
  const { id: _, ...noId } = good;
  const { actor: __, ...noActor } = good;
  const specs = {
    idMissing: [noId],
    startMissing: [noActor],
    restartUnknown: [{ ...good, restart: "prmanent" }],
    shutdownNegative: [{ ...good, shutdownMs: -1 }],
    typeUnknown: [{ ...good, type: "x" }],
    idTwice: [good, good],
    keyUnknown: [{ ...good, silly: 1 }],
  };
  return namesOf(specs, (each) => rig.faultOf({}, each));
}

/** One after another: each may start a supervisor. */
async function namesOf<V>(
  given: Readonly<Record<string, V>>,
  faultOf: (each: V) => Promise<string>,
): Promise<Record<string, string>> {
  const faults: Record<string, string> = {};
  for (const [name, each] of Object.entries(given)) faults[name] = await faultOf(each);
  return faults;
}
