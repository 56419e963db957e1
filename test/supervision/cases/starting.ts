import { lifecycle } from "../../../protocols/index.ts";
import { type Rig, replyWord } from "../rig.ts";

/** S01 to S06: how a supervisor and its children start. */

export async function s01(rig: Rig): Promise<unknown> {
  const children = ["c7", "c3", "c10"].map((id) => rig.probe(id, { trap: true }));
  rig.always("c3", { mode: "ok", slowMs: 20 });
  const sup = await rig.start({}, children);
  const { active } = await rig.ground.run(sup.ref.ask({ type: "countChildren" }));
  const { outcome } = await rig.stop(sup);
  return { activeOnReturn: active, order: await rig.order(), outcome };
}

export async function s02(rig: Rig): Promise<unknown> {
  const started = rig.start({}, [
    rig.probe("a", { trap: true }),
    rig.probe("a2", { trap: true }),
    rig.probe("b", { mode: "error" }),
    rig.probe("c"),
  ]);
  const message = await started.then(
    () => "it started",
    (error: Error) => error.message,
  );
  const [, start, child] = /(failed_to_start_child) (\w+)/.exec(message) ?? [message, message];
  return { start, child, order: await rig.order() };
}

export async function s03(rig: Rig): Promise<unknown> {
  const { system, run } = rig.ground;
  const outcome = new Promise((resolve) => {
    system.ref(`${rig.run}-0`, lifecycle).on("stopped", ({ kind }) => resolve(kind));
  });
  const { ref } = await rig.start({}, "ignore");
  const start = (await rig.order()).length === 0 && (await rig.state({ ref })) === "ended" ? "ignored" : "up";
  return { start, outcome: await run(outcome) };
}

export async function s04(rig: Rig): Promise<unknown> {
  const kinds = { p: "permanent", r: "transient", t: "temporary" } as const;
  const children = Object.entries(kinds).map(([id, restart]) =>
    rig.probe(id, { mode: "ignore" }, { restart }),
  );
  const sup = await rig.start({}, children);
  const counts = await rig.ground.run(sup.ref.ask({ type: "countChildren" }));
  return { children: await rig.children(sup), counts };
}

export async function s05(rig: Rig): Promise<unknown> {
  const results: Record<string, unknown> = {};
  for (const restart of ["permanent", "transient", "temporary"] as const) {
    const sup = await rig.startSimple({}, { restart });
    const start = replyWord(await rig.startDynamic(sup, "t", { mode: "ignore" }));
    results[restart] = { start, children: await rig.children(sup) };
  }
  return results;
}

export async function s06(rig: Rig): Promise<unknown> {
  const sup = await rig.start({}, []);
  const child = rig.probe("a", { mode: "info" });
  const reply = await rig.ground.run(sup.ref.ask({ type: "startChild", child }));
  return { info: "info" in reply ? reply.info : reply };
}
