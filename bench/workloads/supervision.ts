import type { Case, Figure, Workload } from "../kit/workload.ts";

const otp = "Erlang/OTP";
const against = [{ subject: "coxswain", against: otp }];
/** Of linear growth; a little is left to the garbage collector. */
const shapeAtMost = 1.5;

const restart: Case = {
  name: "restart",
  title: "restart of a failed child, one of 1,000",
  sides: ["coxswain", "coxswain over NATS", otp],
  figures: [
    {
      name: "answeredP50Us",
      title: "told to fail → its next life answers, median",
      unit: "µs",
      bounds: [{ subject: "coxswain", atMost: 1_000 }],
      compare: against,
    },
    { name: "answeredP99Us", title: "the same, 99th percentile", unit: "µs" },
    {
      name: "upP50Us",
      title: "its end is known → its next life begins, median",
      unit: "µs",
      bounds: [{ subject: "coxswain", atMost: 1_000 }],
      compare: against,
    },
    { name: "upP99Us", title: "the same, 99th percentile", unit: "µs" },
  ],
};

const words = { startMs: "start", restartMs: "restart all", stopMs: "stop" };

function trees(
  name: string,
  title: string,
  counts: readonly number[],
  operations: readonly (keyof typeof words)[],
): Case {
  const sized = (count: number): string => `${count.toLocaleString("en-US")} children`;
  const [smallest = 0, largest = 0] = [counts[0], counts.at(-1)];
  const times = operations.flatMap((operation): Figure[] => [
    ...counts.map(
      (count): Figure => ({
        name: `${operation}${count}`,
        title: `${words[operation]}, ${sized(count)}`,
        unit: "ms",
        compare: against,
      }),
    ),
    { name: `${operation}Each${largest}`, title: "each of them", unit: "µs" },
    {
      name: `${operation}Shape${largest}`,
      title: `each among ${sized(largest)} : among ${smallest.toLocaleString("en-US")}`,
      unit: "×",
      bounds: [{ subject: "coxswain", atMost: shapeAtMost }],
    },
  ]);
  const memory: Figure[] = [
    { name: `heldEach${largest}`, title: `memory of each of ${sized(largest)}`, unit: "bytes" },
    { name: `leftEach${largest}`, title: "what each leaves behind", unit: "bytes" },
  ];
  return { name, title, sides: ["coxswain", otp], figures: [...times, ...memory] };
}

export const supervision: Workload = {
  id: "W8",
  title: "supervision",
  sides: [
    { name: "coxswain", file: "sides/supervision-coxswain.ts", roles: ["near"] },
    { name: "coxswain over NATS", file: "sides/supervision-coxswain.ts", roles: ["near"] },
    { name: otp, file: "sides/supervision-otp.ts", roles: ["near"], program: "erl" },
  ],
  cases: [
    restart,
    trees("static", "a supervisor of many, one_for_all", [1_000, 10_000], ["startMs", "restartMs", "stopMs"]),
    trees(
      "dynamic",
      "a supervisor of many, simple_one_for_one",
      [1_000, 10_000, 100_000],
      ["startMs", "stopMs"],
    ),
  ],
};
