import { type Rig, replyWord, type StartReply } from "../rig.ts";

/** S07 to S10 and S49: what an operator may ask of a supervisor. */

export async function s07(rig: Rig): Promise<unknown> {
  const sup = await rig.start({}, [rig.probe("a")]);
  const { activation } = await rig.child(sup, "a");
  const again = (): Promise<StartReply> =>
    rig.ground.run(sup.ref.ask({ type: "startChild", child: rig.probe("a") }));
  const running = await again();
  await rig.terminate(sup, "a");
  return {
    running: replyWord(running),
    same: "activation" in running && running.activation === activation,
    stopped: replyWord(await again()),
  };
}

export async function s08(rig: Rig): Promise<unknown> {
  const sup = await rig.start({}, []);
  const child = rig.probe("a", { mode: "error" });
  const start = replyWord(await rig.ground.run(sup.ref.ask({ type: "startChild", child })));
  return { start, children: await rig.children(sup) };
}

export async function s09(rig: Rig): Promise<unknown> {
  const sup = await rig.start({}, [rig.probe("a")]);
  return {
    terminateUnknown: await rig.terminate(sup, "zz"),
    restartUnknown: await rig.restart(sup, "zz"),
    deleteUnknown: await rig.delete(sup, "zz"),
    deleteRunning: await rig.delete(sup, "a"),
    restartRunning: await rig.restart(sup, "a"),
    terminate: await rig.terminate(sup, "a"),
    terminateAgain: await rig.terminate(sup, "a"),
    restart: await rig.restart(sup, "a"),
    terminateRestarted: await rig.terminate(sup, "a"),
    delete: await rig.delete(sup, "a"),
    restartDeleted: await rig.restart(sup, "a"),
  };
}

export async function s10(rig: Rig): Promise<unknown> {
  const sup = await rig.start({}, [rig.probe("a", {}, { restart: "temporary" })]);
  const terminate = await rig.terminate(sup, "a");
  return { terminate, children: await rig.children(sup), restart: await rig.restart(sup, "a") };
}

export async function s49(rig: Rig): Promise<unknown> {
  const sup = await rig.start({}, [rig.probe("a"), rig.probe("b")]);
  const before = await rig.activations(sup, ["a", "b"]);
  const children = [rig.probe("a", {}, { shutdownMs: 77 }), rig.probe("c")];
  const reply = await rig.ground.run(
    sup.ref.ask({ type: "replaceChildren", flags: { intensity: 7 }, children }),
  );
  const after = await rig.activations(sup, ["a", "b"]);
  const got = await rig.ground.run(sup.ref.ask({ type: "getChild", id: "a" }));
  return {
    reply: replyWord(reply),
    children: await rig.children(sup),
    shutdownOfA: got.ok ? got.spec.shutdownMs : got.error,
    same: { a: after.a === before.a, b: after.b === before.b },
  };
}
