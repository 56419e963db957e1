import type { Case } from "./case.ts";

const twoRunning = ["b running", "a running"];

/** The cases in which an OTP supervisor was observed, by number; see `oracle.erl` for how each is brought about. */
export const cases = {
  S01: {
    says: "starts left to right, returns when all are up, and stops right to left",
    result: {
      activeOnReturn: 3,
      order: [
        ...["starting c7", "starting c3", "starting c10"],
        ...["cleaned c10", "cleaned c3", "cleaned c7"],
      ],
      outcome: "stopped",
    },
  },
  S02: {
    says: "stops what it has started, newest first, when a child does not start, and does not start itself",
    result: {
      start: "failed_to_start_child",
      child: "b",
      order: ["starting a", "starting a2", "starting b", "cleaned a2", "cleaned a"],
    },
  },
  S03: {
    says: "declines to start when told to ignore, and ends normally",
    result: { start: "ignored", outcome: "done" },
  },
  S04: {
    says: "keeps the spec of a child that declines to start, unless it is temporary",
    result: {
      children: ["r stopped", "p stopped"],
      counts: { specs: 2, active: 0, supervisors: 0, workers: 2 },
    },
  },
  S05: {
    says: "keeps nothing of a dynamic child that declines to start",
    result: {
      permanent: { start: "ignored", children: [] },
      transient: { start: "ignored", children: [] },
      temporary: { start: "ignored", children: [] },
    },
  },
  S06: { says: "hands on what a child says when it starts", result: { info: "extra_info" } },
  S07: {
    says: "tells a child that runs from one whose spec is kept when its id is used again",
    result: { running: "already_started", same: true, stopped: "already_present" },
  },
  S08: {
    says: "throws the spec of an added child away when it does not start",
    result: { start: "start_failed", children: [] },
  },
  S09: {
    says: "answers what is asked of a child by its state",
    result: {
      terminateUnknown: "not_found",
      restartUnknown: "not_found",
      deleteUnknown: "not_found",
      deleteRunning: "running",
      restartRunning: "running",
      terminate: "ok",
      terminateAgain: "ok",
      restart: "ok",
      terminateRestarted: "ok",
      delete: "ok",
      restartDeleted: "not_found",
    },
  },
  S10: {
    says: "forgets a temporary child that is terminated",
    result: { terminate: "ok", children: [], restart: "not_found" },
  },
  S11: {
    says: "restarts by the kind of the child and the way it ended",
    result: {
      permanent: { done: "restarted", stopped: "restarted", "stopped(x)": "restarted", failed: "restarted" },
      transient: { done: "kept", stopped: "kept", "stopped(x)": "kept", failed: "restarted" },
      temporary: { done: "gone", stopped: "gone", "stopped(x)": "gone", failed: "gone" },
    },
  },
  S12: {
    says: "keeps the spec of a transient child that ended normally, and not that of a temporary one",
    result: { children: ["a stopped"] },
  },
  S13: {
    says: "restarts only the failed child under one_for_one",
    result: { same: { a: true, b: false, c: true }, order: ["starting b"] },
  },
  S14: {
    says: "stops the others in reverse and starts all in order under one_for_all",
    result: {
      same: { a: false, b: false, c: false },
      order: ["cleaned c", "cleaned a", "starting a", "starting b", "starting c"],
    },
  },
  S15: {
    says: "stops and starts only what came after the failed child under rest_for_one",
    result: {
      same: { a: true, b: false, c: false, d: false },
      order: ["cleaned d", "cleaned c", "starting b", "starting c", "starting d"],
    },
  },
  S16: {
    says: "stops and forgets a temporary bystander",
    result: {
      children: ["c running", "a running"],
      order: ["cleaned c", "cleaned t", "starting a", "starting c"],
    },
  },
  S17: {
    says: "starts a transient bystander again that it stopped itself",
    result: { children: ["t running", "a running"], same: false },
  },
  S18: {
    says: "starts a transient child again that had finished before",
    result: { before: ["t stopped", "a running"], after: ["t running", "a running"] },
  },
  S19: {
    says: "starts a child again that was terminated by hand before",
    result: { before: ["b stopped", "a running"], after: twoRunning },
  },
  S20: {
    says: "gives up at the third failure with an intensity of two",
    result: { aliveAfterTwo: true, outcome: "stopped", bystanderAlive: false },
  },
  S21: {
    says: "gives up at the first failure with an intensity of zero",
    result: { outcome: "stopped" },
  },
  S22: {
    says: "bears one restart in five seconds unless told otherwise",
    result: { aliveAfterOne: true, within: "stopped", beyond: "alive" },
  },
  S23: {
    says: "counts a restart of all children as one",
    result: { state: "alive", order: ["starting a", "starting b", "starting c"] },
  },
  S24: {
    says: "counts a permanent child that ends normally like one that fails",
    result: { aliveAfterOne: true, outcome: "stopped" },
  },
  S25: { says: "never counts temporary children", result: { state: "alive", children: [] } },
  S26: {
    says: "never counts what is restarted by hand",
    result: { state: "alive", children: ["a running"] },
  },
  S27: { says: "lets the window slide", result: { state: "alive" } },
  S28: {
    says: "tries a restart that fails again, and counts each try",
    result: { outcome: "stopped", tries: 4 },
  },
  S29: {
    says: "answers while it tries a restart again and again, and can be told to leave off",
    result: {
      children: ["q restarting"],
      start: "already_present",
      restart: "restarting",
      delete: "restarting",
      terminate: "ok",
      childrenAfter: ["q stopped"],
      restartAfter: "ok",
    },
  },
  S30: {
    says: "stops promptly while it tries a restart again and again",
    result: { outcome: "stopped", prompt: true },
  },
  S31: {
    says: "goes on from the child that did not start under rest_for_one",
    result: {
      meanwhile: ["r3 stopped", "r2 restarting", "r1 running"],
      order: ["starting r1", "starting r2", "starting r2", "starting r2", "starting r3"],
      children: ["r3 running", "r2 running", "r1 running"],
    },
  },
  S32: {
    says: "starts all over when a child does not start under one_for_all",
    result: {
      meanwhile: ["r3 stopped", "r2 restarting", "r1 running"],
      order: [
        ...["starting r1", "starting r2", "starting r1", "starting r2"],
        ...["starting r1", "starting r2", "starting r3"],
      ],
      children: ["r3 running", "r2 running", "r1 running"],
    },
  },
  S33: {
    says: "keeps the spec of a child that declines to be restarted, and lives on",
    result: { children: ["q stopped"], state: "alive" },
  },
  S34: {
    says: "forgets a dynamic child that declines to be restarted",
    result: { children: [], state: "alive" },
    otp: {
      result: { children: ["- stopped"], state: "alive" },
      until: 27,
      because: "older releases leave an empty entry, which makes the stop crash (OTP-19029)",
    },
  },
  S35: {
    says: "kills at once, kills at the limit, or lets the clean-up end, as the child's spec says",
    result: {
      order: ["cleaned c"],
      outcome: "stopped",
      outcomes: { a: "killed", b: "killed", c: "stopped" },
      took: "the limit",
    },
  },
  S36: {
    says: "stops one child after another",
    result: { outcome: "stopped", took: "sequential" },
  },
  S37: {
    says: "stops dynamic children all at once, with one limit for all",
    result: {
      outcome: "stopped",
      outcomes: { a: "stopped", b: "stopped", c: "killed" },
      took: "one limit",
    },
  },
  S38: {
    says: "knows dynamic children by where they are only, and takes exactly one spec",
    result: {
      terminateById: "simple_one_for_one",
      restartById: "simple_one_for_one",
      deleteById: "simple_one_for_one",
      terminateStranger: "not_found",
      terminate: "ok",
      terminateDead: "ok",
      noSpec: "bad_start_spec",
      twoSpecs: "bad_start_spec",
    },
  },
  S39: {
    says: "restarts a dynamic child with what it was given the first time",
    result: { order: ["starting zed"] },
  },
  S40: {
    says: "restarts a supervisor that gave up, with its own children and without those added later",
    result: { same: false, children: ["w running"] },
  },
  S41: {
    says: "does not restart a transient supervisor that gave up",
    result: { children: ["inner stopped"], state: "alive" },
  },
  S42: {
    says: "stops when a significant child, or the last of them, ends by itself for good",
    result: {
      insignificantDone: "alive",
      anyDone: "stopped",
      allFirstDone: "alive",
      allLastDone: "stopped",
      transientFailed: { state: "alive", children: ["a running"] },
      temporaryFailed: "stopped",
      operatorStopped: "alive",
    },
  },
  S43: {
    says: "refuses significant children that could never count",
    result: {
      significantNever: "bad_combination",
      significantPermanent: "bad_combination",
      simpleAutoShutdown: "bad_combination",
    },
    otp: {
      result: {
        significantNever: "bad_combination",
        significantPermanent: "bad_combination",
        simpleAutoShutdown: "ok",
      },
      until: 27,
      because: "older releases let dynamic children be significant (OTP-19029)",
    },
  },
  S44: {
    says: "goes on when it stopped a significant child itself",
    result: { state: "alive", children: twoRunning },
  },
  S45: {
    says: "names what is wrong with its flags",
    result: {
      strategyUnknown: "invalid_strategy",
      intensityInfinity: "invalid_intensity",
      intensityNegative: "invalid_intensity",
      intensityFraction: "invalid_intensity",
      periodZero: "invalid_period",
      periodFraction: "invalid_period",
      autoShutdownUnknown: "invalid_auto_shutdown",
    },
  },
  S46: {
    says: "names what is wrong with a spec, and minds no unknown key",
    result: {
      idMissing: "missing_id",
      startMissing: "missing_start",
      restartUnknown: "invalid_restart_type",
      shutdownNegative: "invalid_shutdown",
      typeUnknown: "invalid_child_type",
      idTwice: "duplicate_child_name",
      keyUnknown: "ok",
    },
  },
  S47: {
    says: "lives on when a stray message reaches it",
    result: { state: "alive", same: true },
  },
  S48: {
    says: "kills a child at its limit that no longer listens to it",
    result: { outcome: "stopped", child: "killed", took: "the limit" },
  },
  S49: {
    says: "takes a new list: changed specs replace, new ones wait, missing ones stay",
    result: {
      reply: "ok",
      children: ["b running", "c stopped", "a running"],
      shutdownOfA: 77,
      same: { a: true, b: true },
    },
  },
  S50: {
    says: "leaves no child behind when it is killed itself",
    result: { plain: "ended", trapping: "ended" },
    otp: {
      result: { plain: "ended", trapping: "alive" },
      because: "a process that traps exits outlives its killed supervisor; our links cannot be trapped",
    },
  },
  S51: {
    says: "compares failures by the millisecond",
    result: { 200: "ended", 900: "ended", 1100: "alive", 1900: "alive", 2100: "alive" },
    otp: {
      result: { 200: "ended", 900: "ended", 1100: "ended", 1900: "alive", 2100: "alive" },
      because: "OTP compares whole seconds, so that 1.1 s can lie within a period of 1 s",
    },
  },
} as const satisfies Readonly<Record<string, Case>>;

export type CaseName = keyof typeof cases;
