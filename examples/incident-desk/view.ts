import type { ActorSystem } from "coxswain";
import { fanOut, work } from "coxswain/protocols";
import { filesOf, type Intake } from "./intake.ts";
import { counted } from "./logs/finding.ts";
import { logFile, readProgress } from "./tasks.ts";
import { oneLine, shownCount } from "./text.ts";
import { type FrameOptions, frame, listenHint } from "./view-frame.ts";
import { ViewState } from "./view-state.ts";

/** Where a view is drawn: a terminal, or anything that takes text. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
}

export interface View {
  /** Draws for the last time, and gives the cursor back. Idempotent. */
  close(): void;
}

const REDRAW_EVERY_MS = 100;
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";

/**
 * Shows a run while it works: in place on a terminal, as plain lines elsewhere. It hears of it as anybody can who
 * subscribes to the actors' events, wherever they run.
 */
export function showRun(
  system: ActorSystem,
  intake: Intake,
  {
    workers,
    screen,
    env,
  }: { workers: number; screen: Screen; env: Readonly<Record<string, string | undefined>> },
): View {
  const state = new ViewState(
    filesOf(intake).map(([crew, files]) => [crew, files.length] as const),
    workers,
  );
  const isLive = screen.isTTY === true && env.TERM !== "dumb";
  const say = (line: string): void => void (isLive || screen.write(`${line}\n`));
  const listening = listen(system, state, say);
  say(listenHint(system.url, system.name));
  const drawing = isLive
    ? draw(screen, state, { server: system.url, system: system.name, hasColor: hasColor(env) })
    : undefined;
  return {
    close: () => {
      for (const close of listening.splice(0)) close();
      drawing?.close();
    },
  };
}

/** https://no-color.org: any value but the empty one turns colours off. */
function hasColor(env: Readonly<Record<string, string | undefined>>): boolean {
  return env.NO_COLOR === undefined || env.NO_COLOR === "";
}

/** Subscribes to the desk and all readers. @returns how to stop */
function listen(system: ActorSystem, state: ViewState, say: (line: string) => void): (() => void)[] {
  const desk = system.ref("desk", fanOut);
  const listening = [
    desk.on("branchStarted", ({ name }) => state.crewStarted(name)),
    desk.on("branchDone", ({ name }) => {
      state.crewEnded(name);
      say(`${name}: done, ${counted(state.crew(name)?.filesRead ?? 0, "file")}`);
    }),
    desk.on("branchFailed", ({ name, code, reason }) => {
      state.crewEnded(name, `${code}: ${reason}`);
      say(`${name}: failed with ${code}: ${oneLine(reason)}`);
    }),
  ];
  for (const { crew, readers } of state.crews) {
    for (const address of readers.keys()) {
      const reader = system.ref(address, work);
      listening.push(
        reader.on("workStarted", ({ task }) => {
          const file = logFile.safeParse(task);
          if (file.success) state.fileStarted(crew, address, file.data.name, file.data.sizeBytes);
        }),
        reader.on("workProgressed", ({ progress }) => {
          const known = readProgress.safeParse(progress);
          if (known.success) state.progressed(crew, address, known.data);
        }),
        reader.on("workDone", ({ task }) => {
          const lines = state.fileEnded(crew, address, true);
          say(`${crew}: read ${fileName(task)}, ${shownCount(lines)} lines`);
        }),
        reader.on("workFailed", ({ task, reason }) => {
          state.fileEnded(crew, address, false);
          say(`${crew}: could not read ${fileName(task)}: ${oneLine(reason)}`);
        }),
      );
    }
  }
  return listening.map((one) => () => one.close());
}

function fileName(task: unknown): string {
  const file = logFile.safeParse(task);
  return file.success ? oneLine(file.data.name) : "a file";
}

/** Draws over what was drawn before, ten times a second, and shows the cursor again however the process ends. */
function draw(
  screen: Screen,
  state: ViewState,
  options: Pick<FrameOptions, "hasColor" | "server" | "system">,
): View {
  const startedMs = performance.now();
  let drawn = 0;
  let isOpen = true;
  const redraw = (): void => {
    const lines = frame(state, {
      ...options,
      // A terminal that does not know its size says 0.
      columns: screen.columns || 80,
      rows: Math.max(4, (screen.rows || 24) - 1),
      elapsedMs: performance.now() - startedMs,
    });
    const up = drawn > 0 ? `\x1b[${drawn}A` : "";
    screen.write(`${up}\r\x1b[0J${lines.join("\n")}\n`);
    drawn = lines.length;
  };
  const showCursor = (): void => void screen.write(SHOW_CURSOR);
  process.once("exit", showCursor);
  screen.write(HIDE_CURSOR);
  redraw();
  const timer = setInterval(redraw, REDRAW_EVERY_MS);
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    clearInterval(timer);
    redraw();
    showCursor();
    process.off("exit", showCursor);
  };
  return { close };
}
