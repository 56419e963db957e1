// biome-ignore-all format: this is how the kit wrote it.
import { replayTeam } from "coxswain/testing";
import { expect, test } from "vitest";
import { team } from "./team.ts";

/*
 * "each job is charged once" is broken:
 *    ledger begins.
 *    anna begins in "charging" and tells ledger charge {"job":"a"}.
 *    ben begins in "charging" and tells ledger charge {"job":"b"}.
 * 1. anna has waited for 5000 ms; it tells ledger charge {"job":"a"}.
 * 2. ledger gets charge {"job":"a"} from anna; it tells anna charged {"job":"a"}.
 * 3. ledger gets charge {"job":"a"} from anna; it tells anna charged {"job":"a"}.
 * In the end: ledger has {"charged":["a","a"]}; anna is in "charging" and has {"job":"a","tries":2}; ben is in "charging" and has {"job":"b","tries":1}; under way: charged {"job":"a"} from ledger to anna; charged {"job":"a"} from ledger to anna; charge {"job":"b"} from ben to ledger.
 */
// #region test
test("each job is charged once, also after what once broke it", () => {
  const replay = replayTeam(team);
  replay.step("anna has waited for 5000 ms");
  replay.step("ledger gets charge {\"job\":\"a\"} from anna");
  replay.step("ledger gets charge {\"job\":\"a\"} from anna");
  // Fails as long as the story can happen. Where a step is not possible any more, the replay stops before it.
  expect(replay.broken(), replay.story()).toEqual([]);
});
// #endregion
