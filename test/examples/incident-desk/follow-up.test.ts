import { expect, test } from "vitest";
import { startDesk } from "../../../examples/incident-desk/desk.ts";
import { deskActors, followUp } from "../../../examples/incident-desk/follow-up.ts";
import { type Intake, takeIn } from "../../../examples/incident-desk/intake.ts";
import { exampleLogs } from "../../../examples/incident-desk/options.ts";
import { pageOf, reportOf } from "../../../examples/incident-desk/report/index.ts";
import { crews, type LogFile } from "../../../examples/incident-desk/tasks.ts";
import { escalation } from "../../../protocols/index.ts";

const run = {
  system: "incident-desk",
  server: "memory",
  mode: "parallel",
  workers: 2,
  areCrewsApart: false,
  tookMs: 1,
  workedMs: 1,
} as const;

/** The example's logs, read and followed up by a desk of its own. */
async function followed(options: {
  /** What the person says; undefined: nobody is there. */
  readonly says?: boolean;
  readonly changed?: (file: LogFile) => LogFile;
}) {
  const { says, changed = (file) => file } = options;
  const desk = await startDesk({ workers: 2, transport: "memory", actors: deskActors(says !== undefined) });
  const found = await takeIn([exampleLogs]);
  const report = reportOf(run, found, await desk.investigate(found, { mode: "parallel" }), 1_000);
  const files = Object.fromEntries(crews.map((crew) => [crew, found.files[crew].map(changed)]));
  const handedOver: string[][] = [];
  const asked: string[] = [];
  const ask = async (question: string): Promise<boolean> => {
    asked.push(question);
    return says === true;
  };
  const intake = { ...found, files } as never as Intake;
  const followUps = await followUp(
    desk.system,
    { report, intake },
    {
      handOver: async (lines) => void handedOver.push([...lines]),
      ...(says !== undefined && { ask }),
    },
  );
  return { desk, report, followUps, handedOver, asked };
}

test("what is critical is read again by readers with room, and handed over once a person has approved it", async () => {
  const { desk, report, followUps, handedOver, asked } = await followed({ says: true });
  await using _ = desk;
  const looks = followUps.filter(({ task }) => task === "second_look");
  expect(looks).toHaveLength(9);
  for (const { status, says } of looks)
    expect({ status, says }).toEqual({ status: "done", says: expect.stringMatching(/^the same/) });
  // Each reader has room for one file, and all are wanted at once.
  expect(looks.some(({ insteadOf }) => insteadOf !== undefined)).toBe(true);
  expect(asked).toEqual(["Hand over 4 critical findings to oncall?"]);
  expect(followUps.at(-1)).toMatchObject({ task: "hand_over", status: "done" });
  expect(handedOver).toHaveLength(1);
  expect(handedOver[0]).toHaveLength(4);
  expect(pageOf({ ...report, followUps })).toContain("What was done about it");
}, 60_000);

test("nothing is handed over where nobody decides in time, or a person says no; the desk's lead is asked", async () => {
  for (const says of [undefined, false]) {
    const { desk, followUps, handedOver } = await followed(says === undefined ? {} : { says });
    await using _ = desk;
    expect(followUps.at(-1)).toMatchObject({ task: "hand_over", status: "refused", asked: "desk_lead" });
    expect(handedOver).toEqual([]);
  }
}, 60_000);

test("a file beyond what the rules let a reader hold is not read again: it climbs the ladder", async () => {
  const changed = (file: LogFile): LogFile =>
    file.name.endsWith("begin_end.log") ? { ...file, sizeBytes: 2_000_000_000 } : file;
  const { desk, followUps } = await followed({ says: false, changed });
  await using _ = desk;
  const refused = followUps.filter(({ task, status }) => task === "second_look" && status === "refused");
  expect(refused).toMatchObject([{ about: expect.stringMatching(/begin_end\.log$/), asked: "desk_lead" }]);
  expect(refused[0]?.says).toContain("storage");
  const climbed: string[] = [];
  for (let look = 0; look < 9; look++)
    for (let tries = 1; tries <= 8; tries++) {
      const ladder = desk.system.ref(`escalation.rs-look${look}-${tries}`, escalation);
      const { state, asked } = await ladder.ask({ type: "status" });
      if (state === "asking") climbed.push(asked);
    }
  expect(climbed).toEqual(["desk_lead"]);
}, 60_000);
