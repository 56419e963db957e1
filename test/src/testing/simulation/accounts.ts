import type { ActorSystem } from "../../../../src/index.ts";
import type { World } from "../../../../src/testing/simulation/index.ts";

/** Whether what the systems say of their messages and of dead letters adds up, one by one. */
export class Accounts {
  readonly #world: World;
  #lost = 0;
  #letters: number | undefined;

  constructor(world: World) {
    this.#world = world;
    world.onLost(({ subject, unreachable }) => {
      // A message, or the word that it reached nobody.
      if (subject.startsWith("cx.sim.in.") || (unreachable && /\.[at][^.]*$/.test(subject))) this.#lost += 1;
    });
  }

  /** At the end, as long as the clock runs. */
  async countLetters(system: ActorSystem): Promise<void> {
    this.#letters = await system.deadLetters.count();
  }

  /**
   * For what loses no process.
   *
   * @param doubled both who lived at an address may have had a message
   */
  check(systems: readonly ActorSystem[], doubled: boolean): void {
    const sum = { sent: 0, ended: 0, dead: 0, deadLost: 0 };
    for (const { counts } of systems) {
      sum.sent += counts.sent;
      sum.ended += counts.handled + counts.refused + counts.dead;
      sum.dead += counts.dead;
      sum.deadLost += counts.deadLost;
    }
    const text = `${sum.sent} sent, ${sum.ended} ended, ${this.#lost} lost on the way`;
    const left = sum.sent - sum.ended - this.#lost;
    if (left > 0 || (left < 0 && !doubled))
      this.#world.fail("sent = handled + refused + dead + lost on the way", text);
    this.#checkLetters(sum.dead - sum.deadLost, sum.deadLost);
  }

  /** @param unclear what the store did not acknowledge: it may be there */
  #checkLetters(acknowledged: number, unclear: number): void {
    const forgotten = this.#world.forgottenWrites.get("cx_sim_dead") ?? 0;
    const letters = this.#letters ?? -1;
    if (letters >= acknowledged - forgotten && letters <= acknowledged + unclear) return;
    const text = `${letters} of ${acknowledged} acknowledged, ${unclear} not, ${forgotten} forgotten`;
    this.#world.fail("every letter that was kept is there, but for those the store has forgotten", text);
  }
}
