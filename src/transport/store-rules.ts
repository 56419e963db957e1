import { quote } from "../../protocols/index.ts";
import { rejected } from "./outcomes.ts";
import { isPattern } from "./subject-tree.ts";
import type { Outcome, StreamOptions } from "./transport.ts";

// What both stores refuse alike, before anything is sent.

type Refusal = Outcome<never> | undefined;

const nameForm = /^[A-Za-z0-9_-]{1,200}$/;
const keyForm = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const keyLengthMax = 512;

export function refuseName(what: "bucket" | "stream", name: string): Refusal {
  if (nameForm.test(name)) return undefined;
  return rejected(
    "OPTION_INVALID",
    `Expected a ${what} name of 1 to 200 characters A-Z a-z 0-9 _ -, got ${quote(name)}`,
  );
}

export function refuseKey(key: string): Refusal {
  if (key.length <= keyLengthMax && keyForm.test(key)) return undefined;
  return rejected(
    "OPTION_INVALID",
    `Expected a key of dotted tokens of A-Z a-z 0-9 _ - (at most ${keyLengthMax} characters), got ${quote(key)}`,
  );
}

export function refuseStream(name: string, options: StreamOptions): Refusal {
  const { subjects, messagesMax, bytesMax } = options;
  if (subjects.length === 0 || !subjects.every(isPattern)) {
    return rejected(
      "OPTION_INVALID",
      `Expected subjects for stream ${quote(name)} like ["cx.demo.dead.>"], got ${quote(subjects)}`,
    );
  }
  for (const [option, value] of Object.entries({ messagesMax, bytesMax })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      return rejected(
        "OPTION_INVALID",
        `Expected ${option} to be a whole number from 1, got ${quote(value)}`,
      );
    }
  }
  return refuseName("stream", name);
}

export function refuseSize(what: string, bytes: number, bytesMax: number | undefined): Refusal {
  if (bytesMax === undefined || bytes <= bytesMax) return undefined;
  return rejected("PAYLOAD_TOO_LARGE", `Expected at most ${bytesMax} bytes for ${what}, got ${bytes}`);
}

export function lostRace(key: string, expected: string): Outcome<never> {
  return rejected("ADDRESS_TAKEN", `Expected ${key} to be ${expected}, but another writer was first`);
}

export function sameSubjects(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((subject) => other.includes(subject));
}
