export { Coverage, coverageOf, type Figure, type Figures, type Gone } from "./coverage.ts";
export { drawingOf } from "./drawing.ts";
export { coverageHtml } from "./html.ts";
export { type CoverageMatchers, coverageMatchers, type Thresholds } from "./matchers.ts";
export { coverageText } from "./text.ts";
