import { describe, expect, test } from "vitest";
import type { Envelope, MessageId } from "../../protocols/index.ts";
import type { ActorLimits } from "../../src/actor.ts";
import type { Incoming } from "../../src/mailbox.ts";
import { Questions } from "../../src/questions.ts";
import { simulatedEnv } from "../support/simulated-env.ts";

const limits: ActorLimits = {
  waitingMax: 10,
  overflow: "refuse",
  overtakesMax: 1,
  postponedMax: 10,
  questionsMax: 2,
  answerWindowMs: 1_000,
  answersMax: 2,
};
let count = 0;
function asked(key?: string, deadlineMs?: number): Incoming {
  const id = `q-${count++}` as MessageId;
  const envelope = { id, type: "read", key, deadlineMs } as unknown as Envelope;
  return { envelope, event: envelope, reply: "inbox", json: false, zone: "main", enteredMs: 0, rank: 0 };
}

describe("the questions of an actor", () => {
  test("one key is worked on once: later askers join, and then get the first answer within the window", () => {
    const env = simulatedEnv();
    const questions = new Questions(limits, env);
    const [first, second] = [asked("k"), asked("k")];
    expect(questions.arrive(first)).toBe("fresh");
    expect(questions.arrive(second)).toBe("joined");
    expect(questions.close(first, { ok: true, value: 1 })).toEqual([first, second]);
    expect(questions.arrive(asked("k"))).toEqual({ ok: true, value: 1 });
    env.advance(999);
    expect(questions.arrive(asked("k"))).toEqual({ ok: true, value: 1 });
    env.advance(1);
    expect(questions.arrive(asked("k"))).toBe("fresh");
  });

  test("a failed first try is told to those who joined, and is not the answer for those who ask again", () => {
    const questions = new Questions(limits, simulatedEnv());
    const [first, second] = [asked("k"), asked("k")];
    questions.arrive(first);
    questions.arrive(second);
    expect(questions.close(first, { ok: false, error: new Error("no") })).toEqual([first, second]);
    expect(questions.arrive(asked("k"))).toBe("fresh");
  });

  test("no more answers are kept than answersMax: the oldest go first", () => {
    const questions = new Questions(limits, simulatedEnv());
    for (const key of ["a", "b", "c"]) {
      const question = asked(key);
      questions.arrive(question);
      questions.close(question, { ok: true, value: key });
    }
    questions.arrive(asked("d"));
    expect(questions.arrive(asked("c"))).toEqual({ ok: true, value: "c" });
    expect(questions.arrive(asked("a"))).toBe("fresh");
  });

  test("no more are open than questionsMax; those whose deadline has passed make room", () => {
    const env = simulatedEnv();
    const questions = new Questions(limits, env);
    expect(questions.open(asked(undefined, env.nowMs() + 10))).toBe(true);
    expect(questions.open(asked())).toBe(true);
    expect(questions.open(asked())).toBe(false);
    env.advance(11);
    expect(questions.open(asked())).toBe(true);
  });

  test("when the actor ends, everybody still waiting is known", () => {
    const questions = new Questions(limits, simulatedEnv());
    const [open, joined] = [asked("k"), asked("k")];
    questions.arrive(open);
    questions.open(open);
    questions.arrive(joined);
    expect(questions.takeAll()).toEqual([open, joined]);
    expect(questions.openCount).toBe(0);
  });
});
