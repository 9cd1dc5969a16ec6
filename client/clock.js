/** Time as the client sees it. Tests bring their own clock, so that none of them has to wait. */
export const systemClock = {
  /** Milliseconds that never go back. */
  now: () => performance.now(),
  /** Calls `act` once after `ms`; the result is for `cancel`. */
  later: (ms, act) => setTimeout(act, ms),
  cancel: (timer) => clearTimeout(timer),
};
