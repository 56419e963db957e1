export {
  emptyBook,
  endedMax,
  figuresOf,
  finish,
  heldMax,
  reserve,
  servicesMax,
  type WorkloadBook,
} from "./book.ts";
export { type Prediction, predictService, skillFit } from "./fit.ts";
export { rateWindowMs } from "./service.ts";
